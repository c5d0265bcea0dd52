"""The state of a fleet as text, as JSON and as metrics."""
