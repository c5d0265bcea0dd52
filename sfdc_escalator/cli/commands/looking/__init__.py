"""Commands that look back: what is open now, a period, the procedure in words."""
