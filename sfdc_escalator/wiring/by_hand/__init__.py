"""The errands that only a person starts: notices one by one, and undos."""
