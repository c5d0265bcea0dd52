"""One form for what is written in several ways: texts, and numbers."""
