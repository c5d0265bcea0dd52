"""One module per version of the tables, a step from the version before. A module has

- `revision` and `down_revision`, its own number and the one before;
- `EXPECTS`, the (table, column) that it reads or removes, and that a ledger of the version before has;
- `upgrade(operations, dialect)`, which changes the tables by alembic's operations, the same for every engine.

It names columns itself and never asks `tables.schema`, which changes with each version. Events are never changed.
"""
