"""The commands of a fleet: many orgs on one schedule."""
