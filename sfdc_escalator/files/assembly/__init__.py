"""From checked shapes to the values of `escalation`."""
