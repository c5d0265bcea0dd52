"""Carries out a support team's escalation procedure on Salesforce cases: note first, in order, exactly once."""

__version__ = "0.1.0"
