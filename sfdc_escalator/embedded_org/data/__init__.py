"""Reading a data folder and filling an org with it."""
