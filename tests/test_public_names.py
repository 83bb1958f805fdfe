"""The names that users type."""
