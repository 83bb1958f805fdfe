"""Tests of dspnb/optimizers/names.py."""
