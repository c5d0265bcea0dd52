"""Plain values that edges fill in and reports print: no behaviour, every time with its zone."""
