"""The audit trail as text."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from sfdc_escalator.reports.terminal import table

HEADLINE = ("event", "at", "seq", "key", "note", "reasons")


class Entry(Protocol):
    """One escalation in a list."""

    @property
    def at(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def case_number(self) -> str: ...
    @property
    def policy(self) -> str: ...
    @property
    def route(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def run(self) -> str: ...


class Told(Protocol):
    """One event of an escalation."""

    @property
    def seq(self) -> int: ...
    @property
    def at(self) -> str: ...
    @property
    def event(self) -> str: ...
    @property
    def hash(self) -> str: ...
    @property
    def body(self) -> Mapping[str, Any]: ...
    @property
    def note(self) -> str | None: ...


def list_text(where: str, entries: Sequence[Entry]) -> str:
    if not entries:
        return f"The ledger {where} knows no escalations."
    rows = [(one.key, one.case_number, f"{one.policy}/{one.route}", one.state, one.at, one.run) for one in entries]
    return table(("Key", "Case", "Route", "State", "Last event", "Run"), rows, title=f"Ledger {where}")


def show_text(told: Sequence[Told]) -> str:
    return "\n".join(line for one in told for line in event_lines(one))


def event_lines(one: Told) -> Iterator[str]:
    yield f"{one.at}  {one.event.upper():<10}  #{one.seq}  {one.hash[:16]}"
    for name, value in sorted(one.body.items()):
        if name not in HEADLINE and value not in (None, "", [], {}):
            yield f"    {name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
    for reason in one.body.get("reasons") or ():
        yield f"    because {reason}"
    for line in (one.note or "").splitlines():
        yield f"    | {line}"
