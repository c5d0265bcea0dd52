"""A data folder's files, and how they fill an org."""
