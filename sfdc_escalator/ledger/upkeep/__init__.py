"""Backup and migration."""
