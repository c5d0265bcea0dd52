"""The fields of the case that a policy file names, each with its place: to compare them with the standard fields."""

from collections.abc import Iterator
from typing import NamedTuple

from sfdc_escalator.escalation.conditions.registry import FIELD_KEYS
from sfdc_escalator.files.source_map import SourceMap, texts
from sfdc_escalator.files.text.yaml_document import Place, mappings
from sfdc_escalator.files.values.sources import FIELD_PATH, RESERVED
from sfdc_escalator.files.values.texts import SNAKE

FIELDS = FIELD_KEYS | {"from", "by", "requires", "must_say", "links", "one_notice_per"}
EQUAL = frozenset({"is", "is_not", "in", "not_in"})


class NamedField(NamedTuple):
    """A field of the case that the file names. `compared` are the texts that it is compared with, each with its
    place."""

    path: str
    place: Place
    compared: tuple[tuple[str, Place], ...] = ()


def named_fields(source: SourceMap) -> Iterator[NamedField]:
    """The fields of the case, without those of related records."""
    document = source.document
    for loc, node in mappings(document.value, ()):
        if "where" in loc:
            continue
        operands = {key: value for key, value in node.items() if key in EQUAL and "field" in node}
        compared = tuple((text, document.place(at)) for at, text in texts(operands, loc))
        for at, text in texts({key: value for key, value in node.items() if key in FIELDS}, loc):
            if not isinstance(node[str(at[len(loc)])], dict) and is_field(text):
                yield NamedField(text, document.place(at), compared)
        if loc[-1:] == ("case",):
            yield from (NamedField(key, document.place((*loc, key), on_key=True)) for key in node if is_field(key))


def is_field(text: str) -> bool:
    plain = FIELD_PATH.fullmatch(text) and not SNAKE.fullmatch(text)
    return bool(plain) and text.partition(".")[0].lower() not in RESERVED
