"""The policy that a rule becomes, as a value and as the text of its file."""
