"""Tests of dspnb/optimizers/random_search.py."""
