"""Answers taken apart: JSON as plain values, and one error for every answer of another shape than an org's."""

import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sfdc_escalator.salesforce.line.failures import not_an_org

ODD = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""The errors that values of another shape raise wherever they are taken apart."""
SURROGATE = re.compile(r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..)|.)", re.DOTALL)
NAMES: Mapping[type, str] = {
    type(None): "empty", bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list",
    dict: "an object",
}  # fmt: skip
log = logging.getLogger(__name__)


class Odd(ValueError):
    """A value of another shape; the text says which, without the value itself."""


@contextmanager
def taken_apart(what: str = "an answer") -> Iterator[None]:
    """Whatever fails while an answer is taken apart is the org's answer, not a defect. Raises OrgUnavailable."""
    try:
        yield
    except ODD as error:
        log.debug("salesforce.odd_answer", exc_info=True)
        reason = str(error) if isinstance(error, Odd) else type(error).__name__
        raise not_an_org(f"{what} with an unexpected shape ({reason})") from None


def parsed(content: bytes | str) -> Any:
    """The JSON of an answer. Half of a pair of surrogates, as in a text that was cut, becomes U+FFFD.

    Raises ValueError for what is not JSON (NaN, Infinity), for a name twice in an object, and for an endless number.
    """
    text = content if isinstance(content, str) else content.decode(json.detect_encoding(content), "replace")
    if "\\ud" in text or "\\uD" in text:
        text = SURROGATE.sub(lambda found: "\\ufffd" if found[1] else found[0], text)
    return json.loads(text, object_pairs_hook=_object, parse_constant=_constant)


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Odd("a name stands twice in an object")
    return found


def _constant(name: str) -> Any:
    raise Odd(f"{name} is not a number")


def expected(value: Any, kind: str) -> Odd:
    """The error for a value that is not of this kind."""
    return Odd(f"{NAMES.get(type(value), 'another value')} in place of {kind}")


def objects(value: Any) -> Sequence[Mapping[str, Any]]:
    """A list of objects."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise expected(value, "a list of objects")
    return value
