"""The report page: the figures of a period, with pictures."""
