"""A policy replayed over a history file: the same decisions, at instants of the past."""
