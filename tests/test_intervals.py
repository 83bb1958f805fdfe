"""Confidence intervals of small samples."""
