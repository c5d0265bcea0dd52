"""Parsing, compiling and answering SOQL."""
