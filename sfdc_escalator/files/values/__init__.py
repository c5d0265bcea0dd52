"""Single values as they are written in files: texts, sources, operands, amounts, people, secrets."""
