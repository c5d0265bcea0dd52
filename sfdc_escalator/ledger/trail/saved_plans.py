"""The keys that an apply of a saved plan sent. The events of each order name the plan that it came from."""

import json
from collections.abc import Sequence

import sqlalchemy as sa

from sfdc_escalator.ledger.store import SqlHistory
from sfdc_escalator.ledger.tables.rows import naming
from sfdc_escalator.ledger.tables.schema import events

KEYS_PER_QUERY = 500
SENDS = ("intended", "applied")
"""An order is intended and then applied; one that writes nothing to the org is only applied."""


def keys_sent_by(ledger: SqlHistory, plan: str, keys: Sequence[str]) -> frozenset[str]:
    """The keys whose last send was by an apply of the plan with this SHA-256. Raises LedgerUnusable."""
    last: dict[str, str] = {}
    with ledger.reading() as connection:
        for start in range(0, len(keys), KEYS_PER_QUERY):
            some = events.c.key.in_(keys[start : start + KEYS_PER_QUERY]) & events.c.event.in_(SENDS)
            rows = connection.execute(
                sa.select(events.c.key, events.c.event, events.c.seq, events.c.body).where(some).order_by(events.c.seq)
            )
            for key, event, seq, body in rows:
                if event == "intended" or key not in last:
                    last[key] = plan_in(seq, body)
    return frozenset(key for key, found in last.items() if found == plan)


def plan_in(seq: int, body: bytes) -> str:
    """The SHA-256 of the plan in the event; empty for an order of a run's own."""
    with naming(f"event {seq}"):
        return str(json.loads(body)["facts"].get("plan", ""))
