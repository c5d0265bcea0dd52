"""The chain of events: canonical bytes, and hashes that each hold the one before."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from json.encoder import encode_basestring as quoted
from typing import Any

GENESIS = "0" * 64
"""What the first event names as the hash before it."""


def plain(text: str) -> str:
    """`text` as every database can hold it: half surrogate pairs and NUL become U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _as_json(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"an event cannot hold a {type(value).__name__}")


_encoder = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_as_json
)


def canonical(value: object) -> bytes:
    """The one JSON text of `value`: sorted keys, no spaces, UTF-8; half surrogate pairs stay as `\\ud800` escapes."""
    return _encoder.encode(value).encode("utf-8", "backslashreplace")


def as_stored(value: object) -> Any:
    """`value` as it comes back from JSON."""
    return json.loads(_encoder.encode(value))


def hash_of(prev: str, body: bytes) -> str:
    """SHA-256 of the hash before and the body, in hexadecimal."""
    return hashlib.sha256(prev.encode() + body).hexdigest()


def note_hash(salt: str, text: str) -> str:
    """SHA-256 of salt and text: says nothing of the text once the salt is gone."""
    return hashlib.sha256((salt + text).encode()).hexdigest()


def about(
    seq: int,
    at: str,
    run: str,
    organization_id: str,
    event: str,
    key: str | None,
    case_id: str | None,
    note: str | None,
) -> str:
    """How a body begins, said by the columns of its row; built by hand because a verification does it for every row."""
    case_json = "null" if case_id is None else f'"{case_id}"'
    key_json = "null" if key is None else f'"{key}"'
    note_json = "null" if note is None else f'"{note}"'
    return (
        f'{{"about":{{"at":"{at}","case_id":{case_json},"event":"{event}","key":{key_json},"note":{note_json},'
        f'"organization_id":"{organization_id}","run":"{run}","seq":{seq}}},'
    )


class Fragment:
    """The canonical JSON object of these (alphabetical) names and values that are text, whole numbers or None."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._form = "{" + ",".join(f'"{name}":%s' for name in names) + "}"

    def of(self, values: tuple[Any, ...]) -> str:
        return self._form % tuple(
            [quoted(value) if type(value) is str else "null" if value is None else value for value in values]
        )
