"""Conditions as functions that only answer, for the many cases that nobody asks about."""
