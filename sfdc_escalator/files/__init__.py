"""The files that people write: policies, templates and settings, read into checked values."""
