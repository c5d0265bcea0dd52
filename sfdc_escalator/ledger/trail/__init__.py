"""The audit trail: list, show, verify, resolve."""
