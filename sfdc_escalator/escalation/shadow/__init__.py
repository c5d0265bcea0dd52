"""The acts of policies and those of the rules of an org side by side: which are the same, and why not."""
