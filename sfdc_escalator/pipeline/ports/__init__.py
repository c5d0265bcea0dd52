"""The protocols of everything outside a run, and the values that pass through them."""
