"""Ids, clock and errors, used by every part of the embedded org."""
