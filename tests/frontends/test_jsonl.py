"""A run as JSON lines."""
