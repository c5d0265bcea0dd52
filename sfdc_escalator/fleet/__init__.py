"""The fleet: its queue and its tables in PostgreSQL, and the runs that its workers start."""
