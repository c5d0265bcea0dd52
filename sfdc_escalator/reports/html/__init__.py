"""HTML pages to look at, to print and to send: one file each, without scripts, and nothing loaded from outside."""
