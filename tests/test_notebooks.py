"""The example notebooks run, and show what they promise."""
