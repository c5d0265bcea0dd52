"""The plan page: what a run would do, case by case."""
