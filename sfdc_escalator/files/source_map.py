"""The places in a policy file that name something: for a problem that is found after the file was read."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sfdc_escalator.files.text.document import Document, Place
from sfdc_escalator.files.text.document import Path as Loc

STEPS = ("escalate", "defaults", "notices")


@dataclass(frozen=True, slots=True)
class SourceMap:
    """The document that a policy was read from, with the place of every key and value."""

    document: Document

    def places_of(
        self, subject: str, keys: Collection[str], instead: Collection[str] = (), routes: Collection[str] = ()
    ) -> tuple[Place, ...]:
        """The places of the subject as the value of one of the keys. Without a subject: the keys of a step.

        Otherwise the first of these that is there: a text that contains the subject (a raw filter, a sentence of the
        note), a step's key among `instead`, the names of the routes, the policy's name.
        """
        document = self.document
        exact = under_keys(document, subject, keys) if subject else keys_of_steps(document, keys)
        inside, others = containing(document, subject), keys_of_steps(document, instead)
        searches = (exact, inside, others, route_names(document, routes), [("policy",)])
        found = next((locs for search in searches if (locs := list(search))), [])
        return tuple(sorted({document.place(loc) for loc in found}))


def under_keys(document: Document, subject: str, keys: Collection[str]) -> Iterator[Loc]:
    for loc, value in texts(document.value, ()):
        if value == subject and set(keys) & set(loc):
            yield loc


def keys_of_steps(document: Document, keys: Collection[str]) -> Iterator[Loc]:
    for loc in document.values:
        if loc and loc[-1] in keys and set(STEPS) & set(loc):
            yield loc


def containing(document: Document, subject: str) -> Iterator[Loc]:
    word = re.compile(rf"(?<!\w){re.escape(subject)}(?!\w)")
    for loc, value in texts(document.value, ()) if subject else ():
        if word.search(value):
            yield loc


def route_names(document: Document, routes: Collection[str]) -> Iterator[Loc]:
    for loc, value in texts(document.value, ()):
        if loc[:1] == ("routes",) and loc[2:] == ("name",) and value in routes:
            yield loc


def texts(value: Any, loc: Loc) -> Iterator[tuple[Loc, str]]:
    """Every text of the file except those of examples. A row of a table counts with its last cell, which it gives; the
    other cells are only compared."""
    if isinstance(value, str):
        yield loc, value
    elif isinstance(value, (dict, list)):
        parts = list(value.items() if isinstance(value, dict) else enumerate(value))
        for part, inside in parts[-1:] if loc[-2:-1] == ("rows",) else parts:
            if (*loc, part) != ("examples",):
                yield from texts(inside, (*loc, part))
