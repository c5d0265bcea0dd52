"""One module per version of the tables: `revision`, `down_revision` (the version before), and `upgrade`."""
