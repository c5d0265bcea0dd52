"""Reports as JSON objects for programs."""
