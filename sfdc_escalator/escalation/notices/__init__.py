"""Notices: what people are told of an escalation, when, and in which words. Pure values and rules."""
