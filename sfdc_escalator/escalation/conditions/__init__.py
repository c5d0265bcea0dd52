"""The condition language: what holds for a case, what it needs, and how it is said in words."""
