"""Where news of a run goes: one outside world per module."""
