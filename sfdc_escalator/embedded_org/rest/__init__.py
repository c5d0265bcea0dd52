"""The resources of the REST interface."""
