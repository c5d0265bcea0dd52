"""Compiled statements that all ledgers of a process share.

A program opens one or two ledgers, and compiles each statement once. A process with many tests opens thousands, each
with an engine of its own, which would compile every statement anew.
"""

from typing import Any


def share_statements() -> None:
    """Lets the engines of one kind of database use the same compiled statements."""
    from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
    from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
    from sqlalchemy.engine import Engine
    from sqlalchemy.util import LRUCache

    compiled: Any = LRUCache(1000)
    changes: list[tuple[Any, str, Any]] = [(Engine, "_compiled_cache", property(lambda _: compiled, lambda *_: None))]
    for dialect in (PGDialect_psycopg, SQLiteDialect_pysqlite):
        changes += [
            (dialect, "__eq__", lambda self, other: type(self) is type(other)),
            (dialect, "__hash__", lambda self: hash(type(self))),
        ]
    for place, name, value in changes:
        setattr(place, name, value)
