"""What the kinds of conditions that count time share."""
