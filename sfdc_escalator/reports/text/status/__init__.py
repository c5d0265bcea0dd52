"""The page of `status`: its sections, each in a module."""
