"""The facts that the events of an escalation hold for a report."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sfdc_escalator.ledger.pruned.records import PRUNED
from sfdc_escalator.ledger.tables.times import time_of, time_text

CARRIED_OUT = frozenset({"applied", "found", "recovered", "resolved"})
"""Events by which a note was there."""
READ = (*CARRIED_OUT, "intended", "closed", PRUNED)
COUNTED, CLOSED_AT, WAS_CARRIED_OUT = b'"counted":', b'"closed_at":', b'"carried_out":'
"""Members of an event. Inside a text of it a quote has a backslash before it, so it is found nowhere else."""
read_value = json.JSONDecoder().raw_decode


@dataclass(slots=True)
class Happened:
    """`counted` are the facts that the start is counted by, None where no event has them. `closed` is the time at which
    the case was closed."""

    was_carried_out: bool = False
    counted: Mapping[str, Any] | None = None
    closed: datetime | None = None

    def note(self, event: str, body: bytes | None) -> None:
        """Takes the facts of one more event of `READ`, in order; the body is not needed where it has none."""
        self.was_carried_out = self.was_carried_out or event in CARRIED_OUT
        if event == PRUNED:
            self.was_carried_out = bool(member(body, WAS_CARRIED_OUT))
            self.counted = member(body, COUNTED)
        if event in ("closed", PRUNED):
            self.closed = time_of(member(body, CLOSED_AT))
        elif event == "intended" or self.counted is None:
            self.counted = member(body, COUNTED) or self.counted

    def facts(self) -> dict[str, Any]:
        """The same facts for the event by which the others are pruned."""
        return {
            "carried_out": self.was_carried_out,
            "closed_at": time_text(self.closed),
            "counted": None if self.counted is None else dict(self.counted),
        }


def member(body: bytes | None, name: bytes) -> Any:
    """The value of a member, None where the body has no such member. The body is not taken apart as a whole: a report
    looks at hundreds of thousands."""
    place = body.find(name) if body else -1
    return None if body is None or place < 0 else read_value(body[place + len(name) :].decode())[0]
