"""The condition language: what holds for a case, what it needs, and how messages describe it."""
