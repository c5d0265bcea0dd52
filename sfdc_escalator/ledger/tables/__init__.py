"""The tables, their rows and the hash chain."""
