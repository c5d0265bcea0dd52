"""When a rung is due, which one a run climbs, and where an escalation stands on its ladder."""
