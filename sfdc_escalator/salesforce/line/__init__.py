"""The HTTP connection to an org: session, retries, tokens, translation of foreign errors."""
