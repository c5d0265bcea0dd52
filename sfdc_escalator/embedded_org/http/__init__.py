"""The server: exchange, request log, control, faults on demand."""
