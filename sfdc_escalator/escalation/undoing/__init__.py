"""Escalations that a person takes back: the fields that go back, the correcting note, and what an undo proves."""
