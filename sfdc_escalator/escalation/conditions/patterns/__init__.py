"""Regular expressions: bounded searches, and the patterns that take exponential time."""
