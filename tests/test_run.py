"""A run drives an optimizer, obeys its controls, and says what happened."""
