"""From matches to the plan of a run: run options, guards, chunks."""
