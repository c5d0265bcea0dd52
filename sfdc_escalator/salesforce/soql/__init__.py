"""Conditions as SOQL that returns never less than they match."""
