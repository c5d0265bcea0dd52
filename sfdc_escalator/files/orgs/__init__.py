"""Orgs, their logins and settings."""
