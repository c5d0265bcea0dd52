"""Saved plans: what applying one did, and how a plan of now differs from one."""
