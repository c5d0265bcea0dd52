"""The procedure page: a policy in words, for the people who follow it."""
