"""The hand-off note: its parts filled from their sources, its size, its last line.

A case comment holds 4,000 bytes of UTF-8 (Object Reference, CaseComment); a line end counts two. The key line is
reserved first. Text of the case is data: it is cut at a word to make room, but for the parts that the note must have,
and can forge neither key nor template.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from sfdc_escalator.escalation.conditions.speech import SPOKEN, said
from sfdc_escalator.escalation.note.note_text import harmless, nested, shortened, text_of
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
from sfdc_escalator.escalation.policy.policy import NotePart, NoteSpec, Policy, Route, Template
from sfdc_escalator.escalation.world.case import Case, Value
from sfdc_escalator.escalation.world.keys import Identity

MOST_BYTES = 4000
UNCUT = 10**9
CUTS = ((UNCUT, 200), (2000, 40), (1200, 20), (800, 10), (500, 6), (300, 5), (180, 4), (100, 3), (60, 2), (30, 1))
"""How many characters of each text of the case are kept, and how many of its newest comments: the first that fits."""
NOT_RECORDED = "not recorded"
Cut = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Incomplete:
    """Why there can be no note: the case must wait for a person before it can be escalated."""

    reason: str


class Renderer(Protocol):
    """Renders a template. Raises ValueError with advice when it cannot."""

    def __call__(self, template: Template, context: Mapping[str, Any]) -> str: ...


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the note as a template sees it."""

    name: str
    title: str
    text: str


def write_note(
    policy: Policy,
    route: Route,
    case: Case,
    identity: Identity,
    findings: Sequence[str],
    now: datetime,
    render: Renderer,
    quick_texts: Mapping[str, str] = MappingProxyType({}),
) -> str | Incomplete:
    """The note's whole text with its key line, at most 4,000 bytes; or why there can be none.

    `quick_texts` are the messages that the org has, by folded name.
    """
    assert route.escalate is not None
    spec, reason = route.escalate.note, ""
    message = chosen_text(names_for(spec.quick_texts, case), quick_texts)
    if message and (unknown := unknown_placeholders(message[1], (part.name for part in spec.parts), spec.texts)):
        return Incomplete(f"the Quick Text {message[0]!r} holds {unknown[0]}, which stands for nothing in a note")
    if message and (unread := sorted(quick_text_paths(message[1]) - known(case).keys())):
        return Incomplete(f"the Quick Text {message[0]!r} holds {unread[0]}, a field that cannot be read")
    for cut in CUTS:
        seen = Seen(route, spec, case, tuple(findings), cut)
        parts = [fill(part, seen.uncut if part.is_required else seen) for part in spec.parts]
        if missing := [part.reason for part in parts if isinstance(part, Incomplete)]:
            return Incomplete("; ".join(missing))
        told = context(policy, seen, [part for part in parts if isinstance(part, Part)], now)
        try:
            body = (from_quick_text(message[1], told) if message else render(spec.template, told)).strip()
        except ValueError as error:
            reason = f"the note cannot be written: {error}"
            continue
        if "{!" in body or "{{" in body:
            return Incomplete("the note still holds an unfilled placeholder ({! or {{)")
        note = f"{body}\n\n{identity.line}"
        if size(note) <= MOST_BYTES:
            return note
        reason = too_long(spec, cut)
    return Incomplete(reason)


def too_long(spec: NoteSpec, cut: Cut) -> str:
    required = ", ".join(repr(part.name) for part in spec.parts if part.is_required)
    whole = f" and {required} whole, as required" if required else ""
    return f"the note does not fit into {MOST_BYTES} bytes, even with each text cut to {cut[0]} characters{whole}"


def size(note: str) -> int:
    return len(note.encode()) + note.count("\n")


class Seen(NamedTuple):
    """What a part of the note is filled from."""

    route: Route
    spec: NoteSpec
    case: Case
    findings: tuple[str, ...]
    cut: Cut

    @property
    def uncut(self) -> "Seen":
        return self._replace(cut=CUTS[0])

    @property
    def fields(self) -> dict[str, str]:
        return {path: shortened(text_of(value), self.cut[0]) for path, value in known(self.case).items()}

    @property
    def texts(self) -> dict[str, str]:
        """The route's own texts, with the fields of the case filled in."""
        said = {**self.spec.texts, "reason": self.route.reason}
        return {name: filled_sentence(text, self.fields) for name, text in said.items()}


def context(policy: Policy, seen: Seen, parts: Sequence[Part], now: datetime) -> Mapping[str, Any]:
    return {
        "policy": {"name": policy.name},
        "route": {**seen.texts, "name": seen.route.name},
        "case": nested(seen.fields),
        "fields": seen.fields,
        "parts": parts,
        "findings": [shortened(harmless(finding), seen.cut[0]) for finding in seen.findings],
        "now": f"{now:%Y-%m-%d %H:%M} UTC",
    }


def from_quick_text(message: str, told: Mapping[str, Any]) -> str:
    parts = {part.name: (part.title, part.text) for part in told["parts"]}
    words = {f"route.{name}": text for name, text in told["route"].items()}
    words |= {"route": told["route"]["name"], "policy": told["policy"]["name"], "now": told["now"]}
    words |= {"findings": "\n".join(told["findings"]), "parts": "\n\n".join(blocks(parts.values()))}
    return fill_in(message, Filling(parts, words, told["fields"]))


def reason_of(route: Route, case: Case) -> str:
    """The route's reason with the fields of the case filled in; as it stands where one of them is empty."""
    return filled_sentence(route.reason, {path: text_of(value) for path, value in known(case).items()}) or route.reason


def known(case: Case) -> Mapping[str, Value]:
    engine: dict[str, Value] = {
        "Id": case.id,
        "CaseNumber": case.number,
        "OwnerId": case.owner_id,
        "Status": case.status,
        "Priority": case.priority,
        "CreatedDate": case.created,
    }
    return engine | dict(case.fields)


def fill(part: NotePart, seen: Seen) -> Part | Incomplete:
    """The first of the part's sources that says something, or all of them; findings come on top wherever named."""
    title = part.name.replace("_", " ").capitalize()
    each = ("\n".join(from_source(one, part, seen)) for one in part.sources if one != "findings")
    spoken = list(dict.fromkeys(filter(None, each)))
    said = spoken if part.every else spoken[:1]
    if "findings" in part.sources:
        said += [shortened(harmless(finding), seen.cut[0]) for finding in seen.findings]
    if text := "\n".join(filter(None, said)):
        return Part(part.name, title, text)
    if part.if_missing == "hold":
        return Incomplete(f"the note's part {part.name!r} is missing: nothing in {', '.join(part.sources)}")
    sentence = NOT_RECORDED if part.if_missing in ("say_so", "tell_owner") else part.if_missing
    return Part(part.name, title, sentence)


def from_source(source: str, part: NotePart, seen: Seen) -> Iterator[str]:
    if source.startswith("route."):
        yield from filter(None, [seen.texts.get(source.removeprefix("route."), "")])
    elif source in SPOKEN:
        chosen = said(source, seen.case)
        for one in chosen[-min(part.last or seen.cut[1], seen.cut[1]) :]:
            yield f"{one.at:%Y-%m-%d %H:%M} {shortened(harmless(one.body), seen.cut[0])}"
    elif text := text_of(seen.case.fields.get(source)):
        yield shortened(text, seen.cut[0])
