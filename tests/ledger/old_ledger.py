"""The ledgers of older versions in `fixtures/`. Version 0001: 304 escalations in every state, written by real runs of
that version. Version 0002: three escalations in each state, recorded by that version's own program.

`expected.json` and `expected-0002.json` hold what those versions read from them.
"""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.ledger.store import open_ledger
from tests.ledger.kinds import Kind, SqliteKind
from tests.ledger.sample import all_of

FIXTURES = Path(__file__).with_name("fixtures")
EXPECTED = json.loads((FIXTURES / "expected.json").read_text(encoding="utf-8"))
EXPECTED_0002 = json.loads((FIXTURES / "expected-0002.json").read_text(encoding="utf-8"))
FIELDS = {"OwnerId": "owner", "Status": "status", "Priority": "priority"}
NAMES = ("state", "case_id", "case_number", "policy", "route", "rung", "episode", "turn", "attempts", "message")


def dump(name: str) -> str:
    return gzip.decompress((FIXTURES / f"{name}.sql.gz").read_bytes()).decode()


def load(kind: Kind, version: str = "0001") -> None:
    """Makes the old ledger by its dump, as no present program can."""
    kind.script(dump(f"ledger-{version}.{'sqlite' if isinstance(kind, SqliteKind) else 'postgresql'}"))


def history_of(kind: Kind) -> dict[str, Escalation]:
    with open_ledger(kind.where, create=False) as ledger:
        return {one.key: one for one in all_of(ledger, EXPECTED["organization_id"])}


def differences(found: dict[str, Escalation]) -> Iterator[tuple[str, str, Any, Any]]:
    """Key, name, expected and found of each difference between a history and the old one."""
    expected = {one["key"]: one for one in EXPECTED["history"]}
    for key in sorted(found.keys() ^ expected.keys()):
        yield key, "key", key in expected, key in found
    for key in sorted(found.keys() & expected.keys()):
        wanted = {
            **{name: expected[key][name] for name in (*NAMES, "tried_at", "ended_at")},
            **{side: values_of(expected[key][side]) for side in ("before", "wrote")},
        }
        for name, value in wanted.items():
            one = getattr(found[key], name)
            shown = one.isoformat() if name.endswith("_at") and one else one
            if shown != value:
                yield key, name, value, shown


def values_of(old: dict[str, str | None] | None) -> dict[str, str | None] | None:
    """Three values of version 0001 as values by field."""
    return None if old is None else {field: old[name] for field, name in FIELDS.items()}


def everything(kind: Kind) -> list[Any]:
    """The unchanged rows of every table, for any version."""
    tables = ("alembic_version", "events", "payloads", "escalations", "runs", "live_routes", "leases")
    return [sorted(map(repr, kind.execute(f"SELECT * FROM {table}"))) for table in tables]
