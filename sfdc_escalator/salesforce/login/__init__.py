"""The login flows."""
