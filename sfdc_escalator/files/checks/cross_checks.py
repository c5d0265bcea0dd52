"""Routes and rungs as they are written, and the names that are given twice.

Checks across a policy look at the raw file, so that they report even when something else in it is wrong.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sfdc_escalator.files.text.document import Document, Path
from sfdc_escalator.files.text.fault import Fault, shown


class Cross(NamedTuple):
    path: Path
    fault: Fault


class RawRoute(NamedTuple):
    """A route as it is written, with its place among the routes. A value that is not a mapping counts as empty."""

    path: Path
    given: Mapping[str, Any]
    note: Mapping[str, Any]

    @property
    def writes_notes(self) -> bool:
        """False for a route that only notifies."""
        return self.given.get("escalate") != "none"


class RawRung(NamedTuple):
    """A rung as it is written, with its place and its note; `moves` says that it has steps."""

    path: Path
    given: Mapping[str, Any]
    note: Mapping[str, Any]
    moves: bool

    @property
    def note_path(self) -> Path:
        return (*self.path, "escalate", "note")


def mapping(value: Any, *path: str) -> dict[str, Any]:
    """The mapping at a path inside the value, or an empty one."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def raw_routes(document: Document) -> Iterator[RawRoute]:
    routes = document.value.get("routes") if isinstance(document.value, dict) else None
    for place, route in enumerate(routes if isinstance(routes, list) else ()):
        yield RawRoute(("routes", place), mapping(route), mapping(route, "escalate", "note"))


def raw_rungs(route: RawRoute) -> Iterator[RawRung]:
    """The rungs of the route's ladder that are mappings."""
    ladder = route.given.get("ladder")
    for place, rung in enumerate(ladder if isinstance(ladder, list) else [ladder]):
        if isinstance(rung, dict):
            inside = (place,) if isinstance(ladder, list) else ()
            note, moves = mapping(rung, "escalate", "note"), isinstance(rung.get("escalate"), dict)
            yield RawRung((*route.path, "ladder", *inside), rung, note, moves)


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
