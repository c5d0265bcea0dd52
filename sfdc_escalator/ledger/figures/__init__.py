"""The facts of a report, read from a ledger in order, a bounded part at a time."""
