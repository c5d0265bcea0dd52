"""A plan that was saved: its value, its JSON form, how it differs from the org now and from a plan of now."""
