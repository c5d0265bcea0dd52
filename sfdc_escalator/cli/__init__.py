"""Doors: click commands with lazy imports and exit codes; no decision about a case is made here."""
