"""Every module says what it is, and the examples in docstrings are right."""
