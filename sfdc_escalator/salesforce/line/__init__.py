"""The HTTP line to an org: session, retries, tokens, foreign errors translated."""
