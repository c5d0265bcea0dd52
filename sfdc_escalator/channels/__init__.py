"""The channels that news of a run goes to: one outside world per module."""
