"""The receivers of messages about a run: one outside system per module."""
