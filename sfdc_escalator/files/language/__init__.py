"""The keys of the policy language: names, shapes, tables, notes."""
