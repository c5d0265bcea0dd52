"""Reading cases, their related records and the facts of an org."""
