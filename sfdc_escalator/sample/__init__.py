"""Sample data of a member-support team: an org as a data folder, its policy and its hand-off note."""
