"""An org's objects and fields: from describe, and the standard objects offline."""
