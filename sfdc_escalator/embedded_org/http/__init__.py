"""The HTTP server: exchange, request log, control and faults on demand."""
