"""The hand-off note of a policy in words: its parts, where they come from, and what happens where one is missing."""

from collections.abc import Iterator
from typing import NamedTuple

from sfdc_escalator.escalation.conditions.clauses.wording import field_words, label, listed, quoted, table_words
from sfdc_escalator.escalation.conditions.kinds.text import SPOKEN_WORDS
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.policy.escalate import NotePart, NoteSpec
from sfdc_escalator.escalation.policy.policy import Policy, notes_of
from sfdc_escalator.reports.html.words import title

ELSE = ", else "
MISSING = {
    "say_so": "the note says that it is missing",
    "tell_owner": "the note says that it is missing, and the owner of the case is notified",
    "hold": "the case waits until a person adds it",
}


class PartRow(NamedTuple):
    name: str
    source: str
    missing: str


class NoteForm(NamedTuple):
    """The parts of the notes of some routes, and where the words come from."""

    routes: str
    parts: tuple[PartRow, ...]
    words: str


def note_forms(policy: Policy) -> Iterator[NoteForm]:
    """Each form of note once, with the routes that use it; without them where all routes do."""
    forms: dict[tuple[tuple[PartRow, ...], str], list[str]] = {}
    for route in policy.routes:
        for note in notes_of(route)[:1]:
            forms.setdefault((tuple(map(part_row, note.parts)), words_of(note, route.name)), []).append(route.name)
    for (parts, words), routes in forms.items():
        names = listed([title(one) for one in routes], "and") if len(forms) > 1 else ""
        yield NoteForm(names, parts, words)


def part_row(part: NotePart) -> PartRow:
    found = [source_words(one) for one in part.sources]
    sources = listed(found, "and") if part.every else ELSE.join(found)
    last = f", the last {part.last}" if part.last else ""
    return PartRow(
        title(part.name), sources + last, MISSING.get(part.if_missing, f"the note says {quoted(part.if_missing)}")
    )


def source_words(source: str) -> str:
    if source == "findings":
        return "what was found in the case"
    if source in SPOKEN_WORDS:
        return {"comments": "comments", "emails": "e-mails"}.get(source) or several(SPOKEN_WORDS[source])
    if source.startswith("route."):
        name = source.removeprefix("route.")
        return "the reason of the route" if name == "reason" else f"the words of the route ({label(name).lower()})"
    return field_words(source)


def several(words: str) -> str:
    """`a comment of an agent` -> comments of an agent"""
    first, _, rest = words.partition(" of ")
    return f"{first.split()[-1]}s of {rest}"


def words_of(note: NoteSpec, route: str) -> str:
    """The places that the text comes from, the first that there is."""
    names = (table_words(one) if isinstance(one, Table) else quoted(one) for one in note.quick_texts)
    quick = [one.replace(route, "(route)") for one in names]
    found = [f"the Quick Text {ELSE.join(quick)}"] if quick else []
    return ELSE.join([*found, "the template of the policy"])
