"""From outcomes to people: the notices of a run are planned, queued with their outcomes, and delivered."""
