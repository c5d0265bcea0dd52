"""The parts that the kinds of conditions that count time share."""
