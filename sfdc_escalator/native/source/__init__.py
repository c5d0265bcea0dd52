"""Metadata files as they stand on disk: found, read, and sorted by their kind."""
