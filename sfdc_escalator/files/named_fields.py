"""The fields that a policy file names, each with its place: to compare them with the standard fields."""

from collections.abc import Iterator
from typing import NamedTuple

from sfdc_escalator.escalation.conditions.registry import FIELD_KEYS
from sfdc_escalator.files.source_map import SourceMap, texts
from sfdc_escalator.files.text.document import Place, mappings
from sfdc_escalator.files.values.sources import is_field

FIELDS = FIELD_KEYS | {"from", "by", "requires", "must_say", "links", "one_notice_per", "fields"}


class NamedField(NamedTuple):
    """A field of the case that the file names."""

    path: str
    place: Place


def named_fields(source: SourceMap) -> Iterator[NamedField]:
    """The fields of the case, without those of related records."""
    document = source.document
    for loc, node in mappings(document.value, ()):
        if "where" in loc:
            continue
        for at, text in texts({key: value for key, value in node.items() if key in FIELDS}, loc):
            if not isinstance(node[str(at[len(loc)])], dict) and is_field(text):
                yield NamedField(text, document.place(at))
        if loc[-1:] == ("case",):
            yield from (NamedField(key, document.place((*loc, key), on_key=True)) for key in node if is_field(key))
