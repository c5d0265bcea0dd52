"""A corpus of mails as mail programs write them, and a score of what counts as the writer's own words."""
