"""Running a program over examples and scoring it."""
