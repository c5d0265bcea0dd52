"""Notices: what people hear of an escalation, when, and in which words. Pure values and rules."""
