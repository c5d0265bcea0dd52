"""The hand-off note: its parts filled from their sources, its size, its last line.

A case comment holds 4,000 bytes of UTF-8 (Object Reference, CaseComment); a line end counts two. The key line is
reserved first. Text of the case is data: it is cut at a word to make room, and can forge neither key nor template.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sfdc_escalator.escalation.case import Case, Value
from sfdc_escalator.escalation.keys import Identity
from sfdc_escalator.escalation.note_text import harmless, nested, shortened, text_of
from sfdc_escalator.escalation.policy import NotePart, Policy, Route

MOST_BYTES = 4000
UNCUT = 10**9
CUTS = ((UNCUT, 200), (2000, 40), (1200, 20), (800, 10), (500, 6), (300, 5), (180, 4), (100, 3), (60, 2), (30, 1))
"""How many characters of each text of the case are kept, and how many of its newest comments: the first that fits."""
NOT_RECORDED = "not recorded"
Cut = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Held:
    """Why a case must wait for a person before it can be escalated."""

    reason: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the note as a template sees it."""

    name: str
    title: str
    text: str


def write_note(
    policy: Policy, route: Route, case: Case, identity: Identity, findings: Sequence[str], now: datetime
) -> str | Held:
    """The note's whole text with its key line, at most 4,000 bytes; or why there can be none."""
    reason = ""
    for cut in CUTS:
        parts = [fill(part, route, case, findings, cut) for part in route.escalate.note.parts]
        missing = next((part for part in parts if isinstance(part, Held)), None)
        if missing:
            return missing
        try:
            body = route.escalate.note.template(context(policy, route, case, parts, findings, now, cut)).strip()
        except ValueError as error:
            reason = f"the note cannot be written: {error}"
            continue
        if "{!" in body or "{{" in body:
            return Held("the note still holds an unfilled placeholder ({! or {{)")
        note = f"{body}\n\n{identity.line}"
        if size(note) <= MOST_BYTES:
            return note
        reason = f"the note does not fit into {MOST_BYTES} bytes, even with each text cut to {cut[0]} characters"
    return Held(reason)


def size(note: str) -> int:
    return len(note.encode()) + note.count("\n")


def context(
    policy: Policy,
    route: Route,
    case: Case,
    parts: Sequence[Part | Held],
    findings: Sequence[str],
    now: datetime,
    cut: Cut,
) -> Mapping[str, Any]:
    names = {"name": route.name, "reason": route.reason}
    return {
        "policy": {"name": policy.name},
        "route": {**route.escalate.note.texts, **names},
        "case": nested({path: shortened(text_of(value), cut[0]) for path, value in known(case).items()}),
        "parts": parts,
        "findings": [shortened(harmless(finding), cut[0]) for finding in findings],
        "now": f"{now:%Y-%m-%d %H:%M} UTC",
    }


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


def fill(part: NotePart, route: Route, case: Case, findings: Sequence[str], cut: Cut) -> Part | Held:
    """The first of the part's sources that says something; the findings come on top wherever they are named."""
    title = part.name.replace("_", " ").capitalize()
    firsts = ("\n".join(from_source(one, part, route, case, cut)) for one in part.sources if one != "findings")
    said = [next(filter(None, firsts), "")]
    if "findings" in part.sources:
        said += [shortened(harmless(finding), cut[0]) for finding in findings]
    if text := "\n".join(filter(None, said)):
        return Part(part.name, title, text)
    if part.if_missing == "hold":
        return Held(f"the note's part {part.name!r} is missing: nothing in {', '.join(part.sources)}")
    sentence = NOT_RECORDED if part.if_missing in ("say_so", "tell_owner") else part.if_missing
    return Part(part.name, title, sentence)


def from_source(source: str, part: NotePart, route: Route, case: Case, cut: Cut) -> Iterator[str]:
    if source == "route.reason":
        yield route.reason
    elif source.startswith("route."):
        yield from filter(None, [route.escalate.note.texts.get(source.removeprefix("route."), "")])
    elif source.split(".")[0] == "comments":
        yield from comments(source, part, case, cut)
    elif text := text_of(case.fields.get(source)):
        yield shortened(text, cut[0])


def comments(source: str, part: NotePart, case: Case, cut: Cut) -> Iterator[str]:
    staff = {"comments.agent": (True,), "comments.customer": (False,)}.get(source, (True, False))
    chosen = [comment for comment in case.comments if comment.staff in staff]
    for comment in chosen[-min(part.last or cut[1], cut[1]) :]:
        yield f"{comment.at:%Y-%m-%d %H:%M} {shortened(harmless(comment.body), cut[0])}"
