"""What an org's objects and fields are: describe, and the standard objects offline."""
