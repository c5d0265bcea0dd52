"""The shapes in which the body of an event holds the row of an escalation, one per version of the tables.

Events are never rewritten, so a ledger that was migrated holds all of them. A body names its shape by its keys: version
0003 has `ladder`, `moment` and `start_key`; version 0002 had none of them. Both have `before` and `wrote`, each an
object by field name or null; version 0001 had three keys for each of them (`before_owner`, `before_priority`,
`before_status`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from sfdc_escalator.ledger.tables.schema import ESCALATION_FACTS, JSON_COLUMNS

JsonOf = Callable[[str], str]
"""The SQL expression for the JSON text of a column; see `engines.database.Dialect`."""
MembersOf = Callable[[str, Sequence[str]], str]
"""The SQL expression for columns of a table as members of a JSON object."""

SIDES = ("before", "wrote")
FIELDS_0001 = {"OwnerId": "owner", "Priority": "priority", "Status": "status"}
NEW_0003 = ("ladder", "moment", "start_key")
FACTS_0002 = tuple(name for name in ESCALATION_FACTS if name not in NEW_0003)
COLUMNS_0001 = tuple(f"{side}_{name}" for side in SIDES for name in FIELDS_0001.values())


def members(table: str, columns: Iterable[str], members_of: MembersOf) -> str:
    """The members of a JSON object with these columns of a row, as an SQL expression."""
    return " || ',' || ".join(_parts(table, columns, members_of, _side))


def members_0002(table: str, members_of: MembersOf) -> str:
    """The members that a body of version 0002 has for the same row of `escalations`."""
    return members(table, FACTS_0002, members_of) + _nothing_new(table)


def members_0001(table: str, members_of: MembersOf) -> str:
    """The members that a body of version 0001 has for the same row of `escalations`."""
    return " || ',' || ".join(_parts(table, FACTS_0002, members_of, _side_0001)) + _nothing_new(table)


def _nothing_new(table: str) -> str:
    """Adds a text that no body can hold there, where the row has a value that the older versions did not have."""
    return "".join(f" || CASE WHEN {table}.{name} IS NULL THEN '' ELSE '?' END" for name in NEW_0003)


def _parts(
    table: str, columns: Iterable[str], members_of: MembersOf, side_of: Callable[[str, str], str]
) -> Iterator[str]:
    for is_json, names in groupby(columns, lambda name: name in JSON_COLUMNS):
        if is_json:
            yield from (side_of(table, name) for name in names)
        else:
            yield members_of(table, tuple(names))


def _side(table: str, column: str) -> str:
    return f"""'"{column}":' || COALESCE({table}.{column}, 'null')"""


def _side_0001(table: str, side: str) -> str:
    """The object's text without its braces and with the old keys. A key cannot stand inside a value, where quotes are
    escaped."""
    text = f"substr({table}.{side}, 2, length({table}.{side}) - 2)"
    for field, name in FIELDS_0001.items():
        text = f"""replace({text}, '"{field}":', '"{side}_{name}":')"""
    empty = ",".join(f'"{side}_{name}":null' for name in FIELDS_0001.values())
    return f"COALESCE({text}, '{empty}')"


def side_from_0001(side: str, json_of: JsonOf) -> str:
    """The text of a JSON column, as an SQL expression over the columns of version 0001."""
    names = [f"{side}_{name}" for name in FIELDS_0001.values()]
    empty = " AND ".join(f"{name} IS NULL" for name in names)
    text = " || ',' || ".join(
        f"""'"{field}":' || {json_of(name)}""" for field, name in zip(FIELDS_0001, names, strict=True)
    )
    return f"CASE WHEN {empty} THEN NULL ELSE '{{' || {text} || '}}' END"
