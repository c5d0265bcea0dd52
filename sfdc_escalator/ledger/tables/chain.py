"""The chain of events: canonical bytes, and hashes that each cover the one before."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

HASHED = "sha256:"
"""The beginning of a value that stands for a text that is kept apart."""

GENESIS = bytes(32)
"""The hash that the first event has as the one before it."""


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
    """The only JSON text of `value`: sorted keys, no spaces, UTF-8; half surrogate pairs stay as `\\ud800` escapes."""
    return _encoder.encode(value).encode("utf-8", "backslashreplace")


def hash_of(prev: bytes, body: bytes) -> bytes:
    """SHA-256 of the hash before and the body: 32 bytes."""
    return hashlib.sha256(prev + body).digest()


def note_hash(salt: str, text: str) -> str:
    """SHA-256 of salt and text: the text cannot be found from it once the salt is erased."""
    return hashlib.sha256((salt + text).encode()).hexdigest()


def in_place_of(salt: str, text: str) -> str:
    """The salted hash that a body and a row hold in place of a personal text; of no text the empty text."""
    return f"{HASHED}{note_hash(salt, text)}" if text else ""
