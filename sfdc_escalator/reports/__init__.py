"""Runs, explanations, the audit trail and figures as text and JSON."""
