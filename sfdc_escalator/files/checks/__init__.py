"""Checks across the parts of a policy."""
