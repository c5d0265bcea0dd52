"""Tests of what a person takes back."""
