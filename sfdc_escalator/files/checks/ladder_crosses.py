"""Rungs that cannot be distinguished: two of one id, a time out of a table without a name, names that two claim."""

from collections.abc import Iterator, Mapping, Sequence

from sfdc_escalator.files.checks.cross_checks import Cross, RawRoute, RawRung, raw_routes, raw_rungs, texts, twice
from sfdc_escalator.files.language.ladder_shapes import OWN_REPEAT, WHEN, rung_id
from sfdc_escalator.files.language.table_values import is_table
from sfdc_escalator.files.text.fault import Fault, shown
from sfdc_escalator.files.text.yaml_document import Document, Path

Named = Sequence[tuple[Path, str]]


def ladder_crosses(document: Document) -> Iterator[Cross]:
    for route in raw_routes(document):
        rungs = list(raw_rungs(route))
        named = [(place_of_id(rung), name) for rung in rungs if (name := rung_id(rung.given))]
        yield from unnamed(rungs)
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
