"""Contradictions between values of a policy: names used twice, unused texts, parts that are never filled.

They look at the raw file, so that they report even when something else in it is wrong.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sfdc_escalator.files.language.declared_names import NOTE_KEYS, texts_in
from sfdc_escalator.files.templates.template_names import Reads
from sfdc_escalator.files.text.fault import Fault, comma, nearest, one_of, shown, unknown
from sfdc_escalator.files.text.yaml_document import Document, Path
from sfdc_escalator.files.values.texts import SNAKE, SNAKE_FORM


class Cross(NamedTuple):
    path: Path
    fault: Fault


class RawRoute(NamedTuple):
    """A route as it is written, with its place among the routes. A value that is not a mapping counts as empty."""

    path: Path
    given: Mapping[str, Any]
    note: Mapping[str, Any]


def mapping(value: Any, *path: str) -> dict[str, Any]:
    """The mapping at a path inside the value, or an empty one."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def raw_routes(document: Document) -> Iterator[RawRoute]:
    routes = document.value.get("routes") if isinstance(document.value, dict) else None
    for place, route in enumerate(routes if isinstance(routes, list) else ()):
        yield RawRoute(("routes", place), mapping(route), mapping(route, "escalate", "note"))


def texts(value: Any) -> list[str]:
    """The texts of a list, or the one text in its place."""
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


def name_crosses(document: Document) -> Iterator[Cross]:
    """Route names and priorities that are given twice."""
    routes = list(raw_routes(document))
    names = [((*route.path, "name"), name) for route in routes if isinstance(name := route.given.get("name"), str)]
    yield from twice(document, names, "two routes have the name")
    yield from former_crosses(document, routes, {name: path for path, name in reversed(names)})
    listed = mapping(document.value).get("priorities")
    priorities = enumerate(listed if isinstance(listed, list) else ())
    folded = [(("priorities", place), name.casefold()) for place, name in priorities if isinstance(name, str)]
    yield from twice(document, folded, "the priority is given twice:")


def twice(document: Document, names: Sequence[tuple[Path, str]], message: str) -> Iterator[Cross]:
    first: dict[str, Path] = {}
    for path, name in names:
        if name in first:
            line = document.place(first[name])[0]
            expected = f"each name once; the first is on line {line}"
            yield Cross(path, Fault(f"{message} `{shown(name)}`", found=shown(name), expected=expected))
        first.setdefault(name, path)


def former_crosses(document: Document, routes: Sequence[RawRoute], names: Mapping[str, Path]) -> Iterator[Cross]:
    """Former names that two routes claim: the history of one route would count for the other."""
    claimed: list[tuple[Path, str]] = []
    for route in routes:
        given = route.given.get("formerly")
        for place, former in enumerate(texts(given)):
            path = (*route.path, "formerly", *((place,) if isinstance(given, list) else ()))
            if former in names and names[former] != (*route.path, "name"):
                line = document.place(names[former])[0]
                expected = f"a name that no route has now; line {line} has it"
                yield Cross(
                    path, Fault(f"`{shown(former)}` is another route's name", found=shown(former), expected=expected)
                )
            claimed.append((path, former))
    yield from twice(document, claimed, "two routes claim the former name")


def note_crosses(document: Document, needs: Mapping[Path, Reads]) -> Iterator[Cross]:
    """Texts of a route that its note does not use, and parts that no text fills. `needs` is by route."""
    default = mapping(document.value, "defaults", "note")
    routes = list(raw_routes(document))
    said_somewhere = frozenset(text for route in routes for text in texts_in(route.note))
    for route in routes:
        own, place = texts_in(route.note), (*route.path, "escalate", "note")
        parts = mapping(route.note.get("parts", default.get("parts")))
        sources = {name: texts(mapping(part).get("from")) for name, part in parts.items()}
        yield from required_crosses(("defaults", "note") if route.path == ("routes", 0) else None, default, parts)
        yield from required_crosses(place, route.note, parts)
        read = needs.get(route.path, Reads())
        spoken = {source for listed in sources.values() for source in listed} | {f"route.{one}" for one in read.texts}
        elsewhere = not parts or bool(route.note.get("quick_text", default.get("quick_text")))
        for spot, note in ((place, route.note), *rung_notes(route)):
            for key, given in texts_in(note).items():
                yield from text_crosses((*spot, key), key, given, elsewhere, spoken)
        unfilled = [unsaid(missing, own) for missing in sorted(read.needed - set(own))]
        for name, part in parts.items():
            held = mapping(part).get("if_missing") == "hold" or holds_without(name, route.note, default)
            if held and never_filled(sources[name], own, said_somewhere):
                unfilled.append(never_said(name, sources[name]))
        yield from (Cross(place if route.note else route.path, fault) for fault in unfilled)


def rung_notes(route: RawRoute) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The notes of the route's ladder, each with its place."""
    ladder = route.given.get("ladder")
    for place, rung in enumerate(ladder if isinstance(ladder, list) else [ladder]):
        inside = (place,) if isinstance(ladder, list) else ()
        yield (*route.path, "ladder", *inside, "escalate", "note"), mapping(rung, "escalate", "note")


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
