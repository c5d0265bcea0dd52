"""The audit for others: the export of the chain, and the erasure of the texts of a case."""
