"""Tests of dspnb/optimizers/bootstrap.py."""
