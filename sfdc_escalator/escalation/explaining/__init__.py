"""Explanations: the reasons of a match, and the conditions that are missing."""
