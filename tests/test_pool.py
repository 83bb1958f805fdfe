"""Doing many things at once, and leaving at once."""
