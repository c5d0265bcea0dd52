"""The database, its schema, field values, and the org's automation as values."""
