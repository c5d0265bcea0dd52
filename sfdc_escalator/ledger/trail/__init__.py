"""The audit trail as people read it: list, show, status, resolve, holds, notices."""
