"""compile() starts a run on examples that it checks first."""
