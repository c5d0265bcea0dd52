"""Replays of a policy over a history file: the same decisions, at times in the past."""
