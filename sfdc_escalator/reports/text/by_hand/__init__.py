"""The changes that a person makes by hand: holds, a rebuild, and undos."""
