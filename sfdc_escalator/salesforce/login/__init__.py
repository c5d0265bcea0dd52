"""The ways to log in."""
