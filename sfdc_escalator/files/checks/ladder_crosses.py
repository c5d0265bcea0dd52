"""Rungs that cannot be distinguished: two of one id, a time out of a table without a name, names that two claim."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sfdc_escalator.files.checks.cross_checks import (
    Cross,
    RawRoute,
    RawRung,
    mapping,
    raw_routes,
    raw_rungs,
    texts,
    twice,
)
from sfdc_escalator.files.language.ladder_shapes import OWN_REPEAT, WHEN, rung_id
from sfdc_escalator.files.language.table_values import is_table, is_total, raw_table
from sfdc_escalator.files.text.document import Document, Path
from sfdc_escalator.files.text.fault import Fault, shown

FROM_DUE = ("before_due", "after_due")
Named = Sequence[tuple[Path, str]]


def ladder_crosses(document: Document) -> Iterator[Cross]:
    for route in raw_routes(document):
        rungs = list(raw_rungs(route))
        named = [(place_of_id(rung), name) for rung in rungs if (name := rung_id(rung.given))]
        yield from unnamed(rungs)
        yield from silent(document, [*times_of(rungs), *due_of(route, rungs)])
        yield from alike(document, [*own_repeat(route), *named])
        yield from former_rungs(document, rungs, {name: path for path, name in reversed(named)})


def place_of_id(rung: RawRung) -> Path:
    key = "name" if "name" in rung.given else next((key for key in WHEN if key in rung.given), "")
    return (*rung.path, key)


def own_repeat(route: RawRoute) -> Named:
    """The rung that a `repeat` of the route itself makes."""
    return [((*route.path, "repeat"), OWN_REPEAT)] if "repeat" in route.given else []


def unnamed(rungs: Sequence[RawRung]) -> Iterator[Cross]:
    """Times out of a table: they give no id, so the rung needs a name."""
    for rung in rungs:
        for key in WHEN:
            if is_table(rung.given.get(key)) and "name" not in rung.given:
                message = "a rung whose time comes out of a table needs a name"
                fault = Fault(message, found=f"`{key}` from a table, no `name`", expected="`name: ...` in this rung")
                yield Cross((*rung.path, key), fault)


def times_of(rungs: Sequence[RawRung]) -> Iterator[tuple[Path, Any]]:
    return (((*rung.path, key), rung.given[key]) for rung in rungs for key in WHEN if key in rung.given)


def due_of(route: RawRoute, rungs: Sequence[RawRung]) -> Iterator[tuple[Path, Any]]:
    """The due time of the route, where a rung counts from it."""
    if any(key in rung.given for rung in rungs for key in FROM_DUE):
        yield (*route.path, "due"), route.given.get("due")


def silent(document: Document, times: Iterable[tuple[Path, Any]]) -> Iterator[Cross]:
    """Times out of a table that gives none for some case: its rung would never come, and nobody would notice."""
    tables = mapping(document.value, "tables")
    for path, given in times:
        named = given.get("table") if isinstance(given, dict) else None
        table = tables.get(named) if isinstance(named, str) else given
        try:
            says_nothing = is_table(given) and not is_total(raw_table(table))
        except Fault:
            continue  # a table of a wrong form is reported at its own place
        if says_nothing:
            which = f"the table `{shown(named)}`" if named else "the table"
            message = f"{which} gives no time when no row matches"
            yield Cross(path, Fault(message, expected="`else: ...` in it, such as the longest time"))


def alike(document: Document, named: Named) -> Iterator[Cross]:
    """Rungs of one route with one id: the ledger could not say which of them was climbed."""
    first: dict[str, Path] = {}
    for path, name in named:
        if name in first:
            line = document.place(first[name])[0]
            expected = f"another `name`; the first is on line {line}"
            yield Cross(
                path, Fault(f"two rungs of this route are called `{shown(name)}`", found=name, expected=expected)
            )
        first.setdefault(name, path)


def former_rungs(document: Document, rungs: Sequence[RawRung], ids: Mapping[str, Path]) -> Iterator[Cross]:
    """Former names that another rung has or claims: what one rung did would count for the other."""
    claimed: list[tuple[Path, str]] = []
    for rung in rungs:
        given = rung.given.get("formerly")
        for place, former in enumerate(texts(given)):
            path = (*rung.path, "formerly", *((place,) if isinstance(given, list) else ()))
            if former in ids and ids[former] != place_of_id(rung):
                line = document.place(ids[former])[0]
                expected = f"a name that no rung has now; line {line} has it"
                message = f"`{shown(former)}` is another rung's name"
                yield Cross(path, Fault(message, found=shown(former), expected=expected))
            claimed.append((path, former))
    yield from twice(document, claimed, "two rungs claim the former name")
