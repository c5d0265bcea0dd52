"""What `init` writes, and the schema for editors."""
