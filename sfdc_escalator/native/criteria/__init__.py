"""The criteria of a native entry, as conditions of the policy language."""
