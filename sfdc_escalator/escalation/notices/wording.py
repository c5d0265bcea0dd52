"""The words of a notice: its title, what must be said, and what may be cut."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sfdc_escalator.escalation.notices.foreign import harmless, one_line
from sfdc_escalator.escalation.notices.message import Line, Link, Message
from sfdc_escalator.escalation.notices.notice import Subject
from sfdc_escalator.escalation.time.durations import in_words
from sfdc_escalator.escalation.world.keys import FIRST_RUNG

LATE = 15 * 60
"""Seconds; a rung that comes later than this says so."""
TITLES = {
    "start": "{route}",
    "rung": "{route}, {rung}",
    "warn": "{route} comes soon",
    "acknowledged": "{route} is acknowledged",
    "closed": "{route}: the case is closed",
    "exhausted": "{route}: nobody acted, and no rung is left",
    "guard": "{policy}/{route} is withheld",
    "missing": "{route}: the note is incomplete",
    "undone": "{route} is undone",
}
UNDONE_RUNG = "{route}, {rung} is undone"


@dataclass(frozen=True, slots=True)
class Said:
    """Everything that a notice says of its subject. Texts may be strangers' words. `must_say` is by name; `due` is
    shown as `due_text`; `more` are further lines by label. `body` is the text of the policy's template, in place of
    what may be cut."""

    subject: Subject
    opens_with: str = ""
    reason: str = ""
    needed: str = ""
    must_say: Mapping[str, str] = field(default_factory=dict)
    due: datetime | None = None
    due_text: str = ""
    late_by: int = 0
    more: tuple[tuple[str, str], ...] = ()
    links: tuple[Link, ...] = ()
    case_url: str = ""
    body: str = ""


def message_of(said: Said) -> Message:
    """The message, without its address."""
    subject = said.subject
    case_link = (Link("Case", said.case_url),) if said.case_url else ()
    return Message(
        id="",
        kind=subject.kind,
        title=title_of(said),
        lines=tuple(lines_of(said)),
        links=(*case_link, *said.links),
        key=subject.key if subject.case_id else "",
        case_id=subject.case_id,
        case_number=subject.case_number,
        ends=subject.kind in ("acknowledged", "closed") or (subject.kind == "undone" and subject.rung == FIRST_RUNG),
        alarm=subject.start_key,
        facts=facts_of(said),
    )


def title_of(said: Said) -> str:
    subject = said.subject
    turn = f", turn {subject.turn}" if subject.kind == "rung" and subject.turn > 1 else ""
    of_rung = subject.kind == "undone" and subject.rung != FIRST_RUNG
    words = UNDONE_RUNG if of_rung else TITLES[subject.kind]
    words = words.format(policy=subject.policy, route=subject.route, rung=subject.rung) + turn
    first = " ".join(filter(None, (one_line(said.opens_with), subject.case_number)))
    return f"{first}: {words}" if first else words


def lines_of(said: Said) -> Iterator[Line]:
    for name, text in said.must_say.items():
        yield Line(label_of(name), one_line(text) or "not recorded", kept=True)
    if said.needed:
        yield Line("Needed", harmless(said.needed), kept=True)
    if said.due_text:
        yield Line("Due", said.due_text, kept=True)
    if said.late_by > LATE:
        yield Line("", f"This comes late by {in_words(timedelta(seconds=said.late_by))}.", kept=True)
    if said.body:
        yield Line("", harmless(said.body).strip())
        return
    if said.reason and "reason" not in said.must_say:
        yield Line("Reason", one_line(said.reason))
    yield from (Line(label_of(name), harmless(text)) for name, text in said.more)


def label_of(name: str) -> str:
    """`Account.Name` stays as it is, `help_needed` becomes `Help needed`."""
    return name if "." in name or not name.islower() else name.replace("_", " ").capitalize()


def facts_of(said: Said) -> dict[str, Any]:
    """The same for a program, as far as it does not depend on the recipient."""
    subject = said.subject
    return {
        "kind": subject.kind,
        "policy": subject.policy,
        "route": subject.route,
        "rung": subject.rung or None,
        "turn": subject.turn,
        "key": subject.key if subject.case_id else None,
        "case_id": subject.case_id or None,
        "case_number": subject.case_number or None,
        "case_url": said.case_url or None,
        "opens_with": said.opens_with,
        "reason": harmless(said.reason),
        "needed": harmless(said.needed),
        "due": f"{said.due:%Y-%m-%dT%H:%M:%SZ}" if said.due else None,
        "late_by": said.late_by if subject.kind == "rung" else None,
        "links": [one.url for one in said.links],
        "say": {name: harmless(text) for name, text in said.must_say.items()},
    }
