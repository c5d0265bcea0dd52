"""The hand-off note and its text."""
