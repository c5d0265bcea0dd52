"""The reports about native rules."""
