"""Proofs about conditions without a case: one implies another, one can be satisfied."""
