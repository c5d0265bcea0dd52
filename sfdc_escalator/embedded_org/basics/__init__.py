"""Ids, clock, errors: what every part of the embedded org uses."""
