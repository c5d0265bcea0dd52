"""The fields of the case that a policy file names, each with its place, to check them against standard fields."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sfdc_escalator.escalation.conditions.registry import FIELD_KEYS
from sfdc_escalator.files.policies import EXPECTED, MAX_BYTES
from sfdc_escalator.files.source_map import texts
from sfdc_escalator.files.text.source_text import Unreadable, read_text
from sfdc_escalator.files.text.yaml_document import Document, Place, mappings, parse
from sfdc_escalator.files.values.literals import FIELD_PATH, RESERVED, SNAKE

FIELDS = FIELD_KEYS | {"from", "by", "requires", "must_say", "links", "one_notice_per"}
EQUAL = frozenset({"is", "is_not", "in", "not_in"})


class SaidField(NamedTuple):
    """A field of the case that the file names. `texts` are the texts that it is compared with, each with its place."""

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
