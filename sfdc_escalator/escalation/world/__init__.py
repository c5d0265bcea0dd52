"""What is known before anything is judged: the case, the org, what the ledger remembers."""
