"""Receivers of news about a run: one outside world per module."""
