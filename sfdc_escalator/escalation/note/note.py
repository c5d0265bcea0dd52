"""The hand-off note: its parts filled from their sources, its size, its last line.

A case comment holds 4,000 bytes of UTF-8 (Object Reference, CaseComment); a line end counts as two. The key line is
reserved first. Text of the case is data: it is cut at a word to make room, except the parts that the note must have,
and it can forge neither key nor template.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from sfdc_escalator.escalation.note.note_text import harmless, nested, shortened, text_of
from sfdc_escalator.escalation.note.parts import CUTS, Cut, Incomplete, Part, Seen, fill, known
from sfdc_escalator.escalation.note.quick_texts import (
    Filling,
    blocks,
    chosen_text,
    fill_in,
    filled_sentence,
    names_for,
    quick_text_paths,
    unknown_placeholders,
)
from sfdc_escalator.escalation.policy.escalate import NotePart, NoteSpec, Template
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.keys import Identity

MOST_BYTES = 4000


class Renderer(Protocol):
    """Renders a template. Raises ValueError with advice when it cannot."""

    def __call__(self, template: Template, context: Mapping[str, Any]) -> str: ...


def write_note(
    policy: Policy,
    route: Route,
    case: Case,
    identity: Identity,
    findings: Sequence[str],
    now: datetime,
    render: Renderer,
    quick_texts: Mapping[str, str] = MappingProxyType({}),
    spec: NoteSpec | None = None,
    due: str = "",
) -> str | Incomplete:
    """The whole text of the note with its key line, at most 4,000 bytes; or the reason why it is incomplete.

    `quick_texts` are the messages that the org has, by folded name. `spec` is the note of a rung; the route's own where
    it is None. `due` is the time until when somebody has to act; every note says it.
    """
    if spec is None:
        assert route.escalate is not None
        spec = route.escalate.note
    message = chosen_text(names_for(spec.quick_texts, case), quick_texts)
    if message and (unknown := unknown_placeholders(message[1], (part.name for part in spec.parts), spec.texts)):
        return Incomplete(f"the Quick Text {message[0]!r} holds {unknown[0]}, which is not a known placeholder")
    if message and (unread := sorted(quick_text_paths(message[1]) - known(case).keys())):
        return Incomplete(f"the Quick Text {message[0]!r} holds {unread[0]}, a field that cannot be read")
    whole = {path: text_of(value) for path, value in known(case).items()}
    uncut = Seen(route, spec, case, whole, tuple(map(harmless, findings)))
    parts = {part.name: fill(part, uncut) for part in spec.parts}
    if missing := [part for part in parts.values() if isinstance(part, Incomplete)]:
        names = (name for part in missing for name in part.missing)
        return Incomplete("; ".join(part.reason for part in missing), tuple(names))
    required = [part for part in spec.parts if part.is_required]

    def with_texts(cut: Cut) -> str | Incomplete | TooLong:
        seen = replace(uncut, cut=cut)
        filled = [parts[part.name] if part.is_required else fill(part, seen) for part in spec.parts]
        facts = context(policy, seen, [part for part in filled if isinstance(part, Part)], now, due)
        try:
            body = (from_quick_text(message[1], facts) if message else render(spec.template, facts)).strip()
        except ValueError as error:
            return TooLong(f"the note cannot be written: {error}")
        if "{!" in body or "{{" in body:
            return Incomplete("the note still holds an unfilled placeholder ({! or {{)")
        if not body:
            return Incomplete("the note is empty: its template or Quick Text writes nothing for this case")
        if due and due not in body:
            body += f"\n\nDue: {due}"
        note = f"{body}\n\n{identity.line}"
        return note if size(note) <= MOST_BYTES else TooLong(too_long(required, cut))

    return first_that_has_room(with_texts)


class TooLong(NamedTuple):
    """The reason why a note needs shorter texts."""

    reason: str


def first_that_has_room(written: Callable[[Cut], str | Incomplete | TooLong]) -> str | Incomplete:
    """The note with the longest texts for which there is room. Shorter texts make a shorter note, so few are tried."""
    note, first, last = written(CUTS[0]), 1, len(CUTS) - 1
    if not isinstance(note, TooLong):
        return note
    note = written(CUTS[last])
    while not isinstance(note, TooLong) and first < last:
        middle = (first + last) // 2
        longer = written(CUTS[middle])
        if isinstance(longer, TooLong):
            first = middle + 1
        else:
            note, last = longer, middle
    return Incomplete(note.reason) if isinstance(note, TooLong) else note


def too_long(required: Sequence[NotePart], cut: Cut) -> str:
    names = ", ".join(repr(part.name) for part in required)
    whole = f" and {names} whole, as required" if names else ""
    return f"the note is longer than {MOST_BYTES} bytes, even with each text cut to {cut[0]} characters{whole}"


def size(note: str) -> int:
    return len(note.encode()) + note.count("\n")


def context(policy: Policy, seen: Seen, parts: Sequence[Part], now: datetime, due: str) -> Mapping[str, Any]:
    return {
        "policy": {"name": policy.name},
        "route": {**seen.texts, "name": seen.route.name},
        "case": nested(seen.fields),
        "fields": seen.fields,
        "parts": parts,
        "findings": [shortened(finding, seen.cut[0]) for finding in seen.findings],
        "now": f"{now:%Y-%m-%d %H:%M} UTC",
        "due": due,
    }


def from_quick_text(message: str, facts: Mapping[str, Any]) -> str:
    parts = {part.name: (part.title, part.text) for part in facts["parts"]}
    texts = {f"route.{name}": text for name, text in facts["route"].items()}
    texts |= {
        "route": facts["route"]["name"],
        "policy": facts["policy"]["name"],
        "now": facts["now"],
        "due": facts["due"],
    }
    texts |= {"findings": "\n".join(facts["findings"]), "parts": "\n\n".join(blocks(parts.values()))}
    return fill_in(message, Filling(parts, texts, facts["fields"]))


def reason_of(route: Route, case: Case) -> str:
    """The route's reason with the fields of the case filled in; unchanged where one of them is empty."""
    return filled_sentence(route.reason, {path: text_of(value) for path, value in known(case).items()}) or route.reason
