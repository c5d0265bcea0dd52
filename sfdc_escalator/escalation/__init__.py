"""Decisions and words: pure values and functions. No I/O, no clock, no logging."""
