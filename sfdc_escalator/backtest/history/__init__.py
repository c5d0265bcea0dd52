"""History files: the meaning of their columns, their rows with each cell checked, and their cases."""
