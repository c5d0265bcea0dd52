"""The files that `init` writes, and the schema for editors."""
