"""The policy as checked values: routes, steps, teams, examples."""
