"""Tests of the room that compares a policy with an org."""
