"""One module per kind of condition, and the registry of all kinds."""
