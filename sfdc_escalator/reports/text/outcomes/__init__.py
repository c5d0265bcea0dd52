"""The parts of a run's page: its summary, its cases, and those that no route matches."""
