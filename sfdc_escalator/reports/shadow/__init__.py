"""A comparison of policies with the rules of an org, as text, as JSON and as a page."""
