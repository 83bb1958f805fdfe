"""A simulated model of known skill, for studies of optimizers."""
