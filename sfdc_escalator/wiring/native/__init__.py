"""Puts the commands about native rules together."""
