"""Notes that contradict themselves: texts that nothing uses, required parts that do not exist, parts never filled."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sfdc_escalator.files.checks.cross_checks import Cross, RawRoute, mapping, raw_routes, raw_rungs, texts
from sfdc_escalator.files.language.declared_names import NOTE_KEYS, texts_in
from sfdc_escalator.files.templates.template_names import Reads
from sfdc_escalator.files.text.document import Document, Path
from sfdc_escalator.files.text.fault import Fault, comma, nearest, one_of, shown, unknown
from sfdc_escalator.files.values.texts import SNAKE, SNAKE_FORM

DEFAULT_NOTE = ("defaults", "note")


class RawNote(NamedTuple):
    """The note of a route or a rung as it is written, over the default one.

    `texts` are those that it may use: its own, and for a rung those of its route. `instead` is where a fault stands
    that no key of the note has.
    """

    path: Path
    instead: Path
    given: Mapping[str, Any]
    default: Mapping[str, Any]
    texts: Mapping[str, Any]
    read: Reads

    def key(self, name: str) -> Any:
        return self.given.get(name, self.default.get(name))

    @property
    def sources(self) -> Mapping[str, Sequence[str]]:
        """The sources of each part."""
        return {name: texts(mapping(part).get("from")) for name, part in self.parts.items()}

    @property
    def parts(self) -> Mapping[str, Any]:
        return mapping(self.key("parts"))


def note_crosses(document: Document, reads: Mapping[Path, Reads]) -> Iterator[Cross]:
    """Texts that no note uses, and parts that no text fills. `reads` is what the template of each note reads."""
    default = mapping(document.value, *DEFAULT_NOTE)
    routes = [list(raw_notes(route, default, reads)) for route in raw_routes(document) if route.writes_notes]
    said_somewhere = frozenset(text for notes in routes for note in notes for text in texts_in(note.given))
    for place, (note, *rungs) in enumerate(routes):
        yield from required_crosses(DEFAULT_NOTE if place == 0 else None, default, note.parts)
        missing = list(unfilled(note, said_somewhere))
        yield from (Cross(note.path if note.given else note.instead, fault) for fault in missing)
        for one in (note, *rungs):
            yield from required_crosses(one.path, one.given, one.parts)
            yield from unused_texts(one)
        reported = {fault.message for fault in missing}
        for one in rungs:
            lacking = (fault for fault in unfilled(one, said_somewhere) if fault.message not in reported)
            yield from (Cross(one.path if one.given else one.instead, fault) for fault in lacking)


def raw_notes(route: RawRoute, default: Mapping[str, Any], reads: Mapping[Path, Reads]) -> Iterator[RawNote]:
    """The note of the route, then those of the rungs that may write one."""
    path, own = (*route.path, "escalate", "note"), texts_in(route.note)
    yield RawNote(path, route.path, route.note, default, own, reads.get(path, Reads()))
    for rung in raw_rungs(route):
        if rung.moves:
            said, read = {**own, **texts_in(rung.note)}, reads.get(rung.note_path, Reads())
            yield RawNote(rung.note_path, rung.path, rung.note, default, said, read)


def unused_texts(note: RawNote) -> Iterator[Cross]:
    """The faults of the texts that the note itself says."""
    spoken = {source for listed in note.sources.values() for source in listed}
    spoken |= {f"route.{one}" for one in note.read.texts}
    elsewhere = not note.parts or bool(note.key("quick_text"))
    for key, given in texts_in(note.given).items():
        yield from text_crosses((*note.path, key), key, given, elsewhere, spoken)


def unfilled(note: RawNote, said_somewhere: frozenset[str]) -> Iterator[Fault]:
    """Texts that the template needs, and parts that hold every case, because nobody says them."""
    yield from (unsaid(missing, note.texts) for missing in sorted(note.read.needed - set(note.texts)))
    for name, part in note.parts.items():
        held = mapping(part).get("if_missing") == "hold" or holds_without(name, note.given, note.default)
        if held and never_filled(note.sources[name], note.texts, said_somewhere):
            yield never_said(name, note.sources[name])


def holds_without(part: str, note: Mapping[str, Any], default: Mapping[str, Any]) -> bool:
    """True if `requires` holds the cases that lack this part."""
    given = {**default, **note}
    return part in texts(given.get("requires")) and given.get("if_missing", "hold") == "hold"


def required_crosses(place: Path | None, note: Mapping[str, Any], parts: Mapping[str, Any]) -> Iterator[Cross]:
    """Required parts that do not exist. A required field path is a part by itself."""
    given = note.get("requires")
    for number, name in enumerate(texts(given)):
        if place is not None and SNAKE.fullmatch(name) and name not in parts:
            path = (*place, "requires", *((number,) if isinstance(given, list) else ()))
            expected = f"{one_of(parts)}, or a field path" if parts else "a part of the note, or a field path"
            message = "`requires` names no part of the note"
            yield Cross(path, Fault(message, found=shown(name), expected=expected, nearest=nearest(name, parts)))


def text_crosses(path: Path, key: str, given: Any, elsewhere: bool, spoken: set[str]) -> Iterator[Cross]:
    """The faults of one of the route's own texts. With `elsewhere` it may be a part by itself or be used by a Quick
    Text of the org; then only a probable slip is reported."""
    if " " in key and given is None:
        yield Cross(path, comma(key))
    elif key in ("name", "reason"):
        message = f"`route.{key}` is the route's {key} already"
        yield Cross(path, Fault(message, found=key, expected="another name for this text", on_key=True))
    elif not SNAKE.fullmatch(key):
        fault = Fault(f"`{shown(key)}` cannot be a name here", found=shown(key), expected=SNAKE_FORM, on_key=True)
        yield Cross(path, fault)
    elif f"route.{key}" in spoken:
        return
    elif (near := nearest(key, NOTE_KEYS)) is not None:
        allowed = (*NOTE_KEYS[:3], "a text of the route's own")
        yield Cross(path, unknown("key", key, allowed, nearest=near, on_key=True))
    elif (near := nearest(key, texts_of(spoken))) is not None or not elsewhere:
        message = f"`{key}` is not used by any part of the note, nor by its template"
        expected = f"a part with `from: [route.{key}]`"
        yield Cross(path, Fault(message, found=key, expected=expected, nearest=near, on_key=True))


def texts_of(sources: set[str]) -> list[str]:
    return sorted(source.removeprefix("route.") for source in sources if source.startswith("route."))


def unsaid(missing: str, own: Mapping[str, Any]) -> Fault:
    message = f"the template reads `route.{missing}`, which this route does not say"
    return Fault(message, expected=f"`{missing}: ...` in the route's note", nearest=nearest(missing, own))


def never_said(part: str, sources: Sequence[str]) -> Fault:
    message = f"part `{shown(part)}` would hold every case: this route never says it"
    wanted = " or ".join(source.removeprefix("route.") for source in sources)
    return Fault(message, expected=f"`{wanted}: ...` in the route's note")


def never_filled(sources: Sequence[str], own: Mapping[str, Any], said_somewhere: frozenset[str]) -> bool:
    """True if all sources are texts of other routes."""
    foreign = {f"route.{key}" for key in said_somewhere - set(own)}
    return bool(sources) and foreign.issuperset(sources)
