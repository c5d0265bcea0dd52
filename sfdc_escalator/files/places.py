"""Where a policy file says something: for what only the org can find wrong with it."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from sfdc_escalator.files.policies import EXPECTED, MAX_BYTES
from sfdc_escalator.files.source_text import Unreadable, read_text
from sfdc_escalator.files.yaml_document import Path as Loc
from sfdc_escalator.files.yaml_document import Place, parse


def places_of(file: str, value: str, keys: Collection[str]) -> tuple[Place, ...]:
    """Where this text stands under one of these keys, alone or in a list. None where the file does not say it (a
    template does), or was changed since and cannot be read."""
    try:
        document = parse(file, read_text(Path(file), EXPECTED, MAX_BYTES))
    except Unreadable:
        return ()
    found = [document.place(loc) for loc, text in texts(document.value, ()) if text == value and key_of(loc) in keys]
    return tuple(sorted(set(found)))


def texts(value: Any, loc: Loc) -> Iterator[tuple[Loc, str]]:
    if isinstance(value, str):
        yield loc, value
    elif isinstance(value, (dict, list)):
        for part, inside in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts(inside, (*loc, part))


def key_of(loc: Loc) -> str | None:
    return next((part for part in reversed(loc) if isinstance(part, str)), None)
