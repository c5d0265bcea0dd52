"""The facts before anything is judged: the case, the org, the history in the ledger."""
