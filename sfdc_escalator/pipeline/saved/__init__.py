"""Saved plans: made from the result of a rehearsal, applied later, compared with a plan of now."""
