"""Removal of old parts of the ledger: which may go, the events that record it, and the proof of the gaps."""
