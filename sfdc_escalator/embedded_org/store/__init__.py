"""The database, its schema and the automation that works in it."""
