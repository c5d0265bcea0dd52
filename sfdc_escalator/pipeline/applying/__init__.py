"""From orders to outcomes: store, send in chunks, settle, read back."""
