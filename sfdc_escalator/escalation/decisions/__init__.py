"""Which route a case gets, seen together with its history."""
