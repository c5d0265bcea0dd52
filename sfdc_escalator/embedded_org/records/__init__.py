"""Creating, updating and deleting records, with the org's rules."""
