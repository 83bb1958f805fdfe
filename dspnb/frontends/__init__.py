"""Front ends without a notebook: each is a loop over a run's events."""
