"""Plans, outcomes and the audit trail as text and JSON."""
