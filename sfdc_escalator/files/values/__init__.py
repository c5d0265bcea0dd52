"""Single values as they are written in files: durations, literals, people, secrets."""
