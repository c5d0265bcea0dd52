"""The poll of a run, judged page by page; second looks; the nearest misses."""
