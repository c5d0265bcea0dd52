"""Rows and their rules: create, update, delete."""
