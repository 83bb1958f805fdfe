"""Imports point down, and importing dspnb stays light."""
