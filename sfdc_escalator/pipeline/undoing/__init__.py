"""The undo of escalations: which ones, what is put back, and its story from the ledger to the people."""
