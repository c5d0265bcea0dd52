"""Salesforce's own escalation, assignment and entitlement rules, read from metadata files, as policy files."""
