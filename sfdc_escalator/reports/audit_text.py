"""The audit trail as text."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from sfdc_escalator.reports.terminal import table


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


def event_json(one: Told) -> dict[str, Any]:
    """An event as one flat object: what was hashed stands under `body`."""
    head = {"seq": one.seq, "at": one.at, "event": one.event, "hash": one.hash}
    return {**head, "note_text": one.note, "body": one.body}


def show_text(told: Sequence[Told]) -> str:
    return "\n".join(line for one in told for line in event_lines(one))


def event_lines(one: Told) -> Iterator[str]:
    yield f"{one.at}  {one.event.upper():<10}  #{one.seq}  {one.hash[:16]}"
    for path, value in flat({name: part for name, part in one.body.items() if name != "about"}):
        yield f"    {path}: {value}"
    for line in (one.note or "").splitlines():
        yield f"    | {line}"


def flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The leaves of an event that say something, by their path."""
    if isinstance(value, Mapping):
        for name, part in sorted(value.items()):
            yield from flat(part, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for part in value:
            yield path, part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)
    elif value not in (None, ""):
        yield path, str(value)
