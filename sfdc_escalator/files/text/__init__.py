"""Files as text with places: source lines, YAML nodes, faults."""
