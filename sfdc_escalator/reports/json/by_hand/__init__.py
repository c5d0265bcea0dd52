"""The changes that a person makes by hand: holds and undos."""
