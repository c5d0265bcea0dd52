"""The audit for others: the proof of the chain, its export, and the erasure of the texts of a case."""
