"""From the org and the ledger to a plan: recover, poll, second look, judge. Reads only."""
