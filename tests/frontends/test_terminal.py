"""A run in plain text."""
