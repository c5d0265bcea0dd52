"""The stages of one run. Effects happen only through ports."""
