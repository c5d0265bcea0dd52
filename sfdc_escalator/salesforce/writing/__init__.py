"""The composite request that writes escalations, and the reading of its answer."""
