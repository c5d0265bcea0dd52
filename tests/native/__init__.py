"""Tests of the importer of native rules."""
