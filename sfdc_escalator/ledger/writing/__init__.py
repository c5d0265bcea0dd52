"""The lease, the journal and the changes that a run writes."""
