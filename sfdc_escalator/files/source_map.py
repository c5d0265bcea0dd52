"""The places of texts in a policy file: for problems that only the org can find."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from sfdc_escalator.files.policies import EXPECTED, MAX_BYTES
from sfdc_escalator.files.text.source_text import Unreadable, read_text
from sfdc_escalator.files.text.yaml_document import Document, Place, parse
from sfdc_escalator.files.text.yaml_document import Path as Loc

STEPS = ("escalate", "defaults")


def places_of(
    file: str, text: str, keys: Collection[str], instead: Collection[str] = (), routes: Collection[str] = ()
) -> tuple[Place, ...]:
    """Where the file says this text under one of these keys; else where it says it among other words (a raw filter, a
    sentence of the note); else where a step has one of the keys `instead`; else the names of the routes, or the
    policy's. With no text: where a step has one of the keys.

    None where the file was changed since and cannot be read.
    """
    try:
        document = parse(file, read_text(Path(file), EXPECTED, MAX_BYTES))
    except Unreadable:
        return ()
    exact = said(document, text, keys) if text else of_steps(document, keys)
    ways = (exact, mentioned(document, text), of_steps(document, instead), named(document, routes), [("policy",)])
    found = next((locs for way in ways if (locs := list(way))), [])
    return tuple(sorted({document.place(loc) for loc in found}))


def said(document: Document, text: str, keys: Collection[str]) -> Iterator[Loc]:
    for loc, value in texts(document.value, ()):
        if value == text and set(keys) & set(loc):
            yield loc


def of_steps(document: Document, keys: Collection[str]) -> Iterator[Loc]:
    for loc in document.values:
        if loc and loc[-1] in keys and set(STEPS) & set(loc):
            yield loc


def mentioned(document: Document, text: str) -> Iterator[Loc]:
    word = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)")
    for loc, value in texts(document.value, ()) if text else ():
        if word.search(value):
            yield loc


def named(document: Document, routes: Collection[str]) -> Iterator[Loc]:
    for loc, value in texts(document.value, ()):
        if loc[:1] == ("routes",) and loc[2:] == ("name",) and value in routes:
            yield loc


def texts(value: Any, loc: Loc) -> Iterator[tuple[Loc, str]]:
    """Every text of the file but those of examples; of a table's row only its value, not the cells."""
    if isinstance(value, str):
        yield loc, value
    elif isinstance(value, (dict, list)):
        parts = list(value.items() if isinstance(value, dict) else enumerate(value))
        for part, inside in parts[-1:] if loc[-2:-1] == ("rows",) else parts:
            if (*loc, part) != ("examples",):
                yield from texts(inside, (*loc, part))
