"""Conditions as clauses of plain English, for people who follow a procedure."""
