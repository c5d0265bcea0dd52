"""The judgement about a case: a match, the order that carries it out, and the outcome."""
