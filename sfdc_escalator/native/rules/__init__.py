"""Rules and processes, entry by entry, as routes."""
