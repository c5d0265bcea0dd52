"""References such as `@{name.path[0].field}` in a composite: finds them and replaces them by values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from sfdc_escalator.embedded_org.basics.api_error import ApiError
from sfdc_escalator.embedded_org.rest.calls import Answer

_REFERENCE = re.compile(r"@\{([^}]*)\}")
_ENCODED = re.compile(r"(?:@|%40)(?:\{|%7[Bb])((?:(?!\}|%7[Dd]).)*)(?:\}|%7[Dd])")
_STEP = re.compile(r"\.(\w+)|\[(\d{1,9})\]")
_MISSING = object()


def names(value: Any) -> set[str]:
    """The referenceIds that a url or body refers to."""
    if isinstance(value, str):
        found = [*_REFERENCE.findall(value), *(unquote(each) for each in _ENCODED.findall(value))]
        return {re.split(r"[.\[]", each, maxsplit=1)[0] for each in found}
    if isinstance(value, dict):
        return set().union(*(names(each) for each in value.values()))
    if isinstance(value, list):
        return set().union(*(names(each) for each in value))
    return set()


def filled(value: Any, answers: Mapping[str, Answer]) -> Any:
    """The body with every reference replaced. Raises ApiError PROCESSING_HALTED."""
    if isinstance(value, dict):
        return {name: filled(each, answers) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, answers) for each in value]
    if not isinstance(value, str) or "@{" not in value:
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return _resolved(whole[1], answers)
    return _REFERENCE.sub(lambda match: str(_resolved(match[1], answers)), value)


def filled_url(url: str, answers: Mapping[str, Answer]) -> str:
    """The url with every reference, escaped or not, replaced. Raises ApiError PROCESSING_HALTED."""
    return _ENCODED.sub(lambda match: quote(str(_resolved(unquote(match[1]), answers)), safe=""), url)


def _resolved(expression: str, answers: Mapping[str, Answer]) -> Any:
    name = re.split(r"[.\[]", expression, maxsplit=1)[0]
    answer = answers.get(name)
    if answer is not None and answer.failed:
        raise ApiError("PROCESSING_HALTED", f"Execution halted as previous operation ({name}) was not successful.")
    found = _walk(answer.body, expression[len(name) :]) if answer is not None else _MISSING
    if found is _MISSING or found is None:
        raise ApiError(
            "PROCESSING_HALTED",
            f"Invalid reference specified. No value for {expression} found in {name}. Provided referenceId "
            f"('{expression}') must start with a letter or a number, and it can contain only letters, numbers and "
            "underscores ('_').",
        )
    return found


def _walk(value: Any, path: str) -> Any:
    """The value at a path of an answer. Field names are case-sensitive: a create answers `id`, a read `Id`."""
    steps = list(_STEP.finditer(path))
    if not steps or "".join(step[0] for step in steps) != path:
        return _MISSING
    for step in steps:
        if step[1] is not None:
            value = value.get(step[1], _MISSING) if isinstance(value, dict) else _MISSING
        else:
            index = int(step[2])
            value = value[index] if isinstance(value, list) and index < len(value) else _MISSING
    return value
