"""Where a policy file says something: for what only the org can find wrong with it."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sfdc_escalator.files.literals import FIELD_PATH, RESERVED, SNAKE
from sfdc_escalator.files.policies import EXPECTED, MAX_BYTES
from sfdc_escalator.files.source_text import Unreadable, read_text
from sfdc_escalator.files.yaml_document import Document, Place, mappings, parse
from sfdc_escalator.files.yaml_document import Path as Loc

FIELDS = frozenset(
    {
        "field",
        "age",
        "left",
        "in_state",
        "text",
        "from",
        "by",
        "same",
        "requires",
        "must_say",
        "links",
        "one_notice_per",
    }
)
EQUAL = frozenset({"is", "is_not", "in", "not_in"})


class SaidField(NamedTuple):
    """A field of the case that the file names. `texts` are those that it is to be equal to, each with its place."""

    path: str
    place: Place
    texts: tuple[tuple[str, Place], ...] = ()


def said_fields(file: str) -> tuple[SaidField, ...]:
    """The fields of the case that a policy file names, those of related records left out."""
    try:
        document = parse(file, read_text(Path(file), EXPECTED, MAX_BYTES))
    except Unreadable:
        return ()
    return tuple(fields_in(document))


def fields_in(document: Document) -> Iterator[SaidField]:
    for loc, said in mappings(document.value, ()):
        if "where" in loc:
            continue
        compared = {key: value for key, value in said.items() if key in EQUAL and "field" in said}
        operands = tuple((text, document.place(at)) for at, text in texts(compared, loc))
        for at, text in texts({key: value for key, value in said.items() if key in FIELDS}, loc):
            if not isinstance(said[str(at[len(loc)])], dict) and is_field(text):
                yield SaidField(text, document.place(at), operands)
        if loc[-1:] == ("case",):
            yield from (SaidField(key, document.place((*loc, key), on_key=True)) for key in said if is_field(key))


def is_field(text: str) -> bool:
    plain = FIELD_PATH.fullmatch(text) and not SNAKE.fullmatch(text)
    return bool(plain) and text.partition(".")[0].lower() not in RESERVED


def places_of(file: str, value: str, keys: Collection[str]) -> tuple[Place, ...]:
    """Where this text stands under one of these keys, alone or in a list, or as what a table gives. None where the file
    does not say it (a template does), or was changed since and cannot be read."""
    try:
        document = parse(file, read_text(Path(file), EXPECTED, MAX_BYTES))
    except Unreadable:
        return ()
    said = [loc for loc, text in texts(document.value, ()) if text == value]
    found = [loc for loc in said if key_of(loc) in keys] or [loc for loc in said if is_given(document.value, loc)]
    return tuple(sorted({document.place(loc) for loc in found}))


def is_given(value: Any, loc: Loc) -> bool:
    """Whether a table gives it: not one of the cells that it looks at."""
    if len(loc) < 3 or loc[-3] != "rows":
        return loc[-1:] == ("else",) or loc[-2:-1] == ("values",)
    for part in loc[:-1]:
        value = value[part]
    return isinstance(value, list) and loc[-1] == len(value) - 1


def texts(value: Any, loc: Loc) -> Iterator[tuple[Loc, str]]:
    if isinstance(value, str):
        yield loc, value
    elif isinstance(value, (dict, list)):
        for part, inside in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts(inside, (*loc, part))


def key_of(loc: Loc) -> str | None:
    return next((part for part in reversed(loc) if isinstance(part, str)), None)
