"""The worlds outside a run, as it sees them: protocols, and the values that pass through."""
