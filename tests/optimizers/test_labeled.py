"""Tests of dspnb/optimizers/labeled.py."""
