"""Note templates."""
