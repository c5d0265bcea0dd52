"""Errands that only read, for people who look back."""
