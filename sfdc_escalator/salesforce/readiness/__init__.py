"""Checks that an org can carry out a policy: inspection, rehearsal and probe."""
