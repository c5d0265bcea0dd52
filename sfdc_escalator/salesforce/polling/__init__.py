"""The poll: one query for all routes of all policies where possible, and its pages."""
