"""Many orgs on one schedule: when an org is due, how long one that fails waits, canaries, and the state of all."""
