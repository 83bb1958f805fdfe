"""The exact prompt, without a call."""
