"""Durations, calendars, business hours and time zones."""
