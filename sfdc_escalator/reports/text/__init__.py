"""Reports as text for people and for the programs that read text."""
