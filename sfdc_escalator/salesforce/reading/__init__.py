"""Reading cases, their evidence and the facts of an org."""
