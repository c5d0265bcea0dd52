"""The story of one run: effects, only through ports."""
