"""The parts of a hand-off note, filled from their sources. Text of the case is data: cut at a word, and harmless."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from sfdc_escalator.escalation.conditions.speech.messages import SPOKEN, messages_of
from sfdc_escalator.escalation.note.note_text import harmless, shortened
from sfdc_escalator.escalation.note.quick_texts import filled_sentence
from sfdc_escalator.escalation.policy.escalate import NotePart, NoteSpec
from sfdc_escalator.escalation.policy.policy import Route
from sfdc_escalator.escalation.world.case import Case, Value

UNCUT = 10**9
CUTS = ((UNCUT, 200), (2000, 40), (1200, 20), (800, 10), (500, 6), (300, 5), (180, 4), (100, 3), (60, 2), (30, 1))
"""The characters kept of each text of the case, and the number of its newest comments. The first that makes the
note small enough is taken."""
NOT_RECORDED = "not recorded"
Cut = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Incomplete:
    """The reason why the note is incomplete, and the missing parts; the case waits for a person."""

    reason: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the note as a template sees it."""

    name: str
    title: str
    text: str


@dataclass(frozen=True)
class Seen:
    """The sources of a part of the note: `whole` are the texts of the case, `findings` those of the criteria, both
    harmless."""

    route: Route
    spec: NoteSpec
    case: Case
    whole: Mapping[str, str]
    findings: tuple[str, ...]
    cut: Cut = CUTS[0]

    @cached_property
    def fields(self) -> dict[str, str]:
        return {path: shortened(text, self.cut[0]) for path, text in self.whole.items()}

    @cached_property
    def texts(self) -> dict[str, str]:
        """The route's own texts, with the fields of the case filled in."""
        texts = {**self.spec.texts, "reason": self.route.reason}
        return {name: filled_sentence(text, self.fields) for name, text in texts.items()}


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
    """The part with its text, or with the words of `if_missing`."""
    title = part.name.replace("_", " ").capitalize()
    if text := found_text(part, seen):
        return Part(part.name, title, text)
    if part.if_missing == "hold":
        reason = f"the note's part {part.name!r} is missing: nothing in {', '.join(part.sources)}"
        return Incomplete(reason, (part.name,))
    sentence = NOT_RECORDED if part.if_missing in ("say_so", "tell_owner") else part.if_missing
    return Part(part.name, title, sentence)


def found_text(part: NotePart, seen: Seen) -> str:
    """The first of the part's sources that has a text, or all of them; findings always come first. Empty where none
    has."""
    each = ("\n".join(from_source(one, part, seen)) for one in part.sources if one != "findings")
    found = list(dict.fromkeys(filter(None, each)))
    used = found if part.every else found[:1]
    if "findings" in part.sources:
        used += [shortened(finding, seen.cut[0]) for finding in seen.findings]
    return "\n".join(filter(None, used))


def from_source(source: str, part: NotePart, seen: Seen) -> Iterator[str]:
    if source.startswith("route."):
        yield from filter(None, [seen.texts.get(source.removeprefix("route."), "")])
    elif source in SPOKEN:
        chosen = messages_of(source, seen.case)
        for one in chosen[-min(part.last or seen.cut[1], seen.cut[1]) :]:
            yield f"{one.at:%Y-%m-%d %H:%M} {shortened(harmless(one.body), seen.cut[0])}"
    elif source in seen.case.fields and (text := seen.fields[source]):
        yield text
