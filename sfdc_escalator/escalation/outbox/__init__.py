"""The outbox of notices: what waits, when it is sent, with which others, and as which message. Pure rules."""
