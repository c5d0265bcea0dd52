"""The durable memory of runs and escalations, and its append-only, hash-chained trail of events."""
