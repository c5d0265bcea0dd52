"""Errands about plans that are kept in files."""
