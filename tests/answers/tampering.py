"""Answers of the org with one wrong value: the places of an answer, the wrong values, and what puts them in."""

import copy
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import urllib3
from requests.adapters import HTTPAdapter

Step = str | int
Path = tuple[Step, ...]
ALL = "*"
"""The step to every element of a list: its places have one representative."""
GONE = object()
"""The wrong value of a key that is missing."""
PARTS = "compositeResponse"
RAW = "@raw@"
"""Marks a text that is JSON itself, in ways that `json.dumps` would not write."""
VALUES: Mapping[str, Any] = {
    "missing": GONE,
    "null": None,
    "empty text": "",
    "true": True,
    "false": False,
    "zero": 0,
    "negative": -1,
    "fraction": 1.5,
    "huge": 10**400,
    "endless": f"{RAW}{'1' * 5000}",
    "not a number": f"{RAW}NaN",
    "infinite": f"{RAW}1e999",
    "list": [],
    "list of lists": [[]],
    "object": {},
    "list of texts": ["x"],
    "deep": f"{RAW}{'[' * 20_000}{']' * 20_000}",
    "twice": f'{RAW}{{"a": 1, "a": 2}}',
    "surrogate": f'{RAW}"\\ud800"',
    "controls": "\x1b]52;c;aGk=\x07\n\u202ex",
    "long": "x" * 100_000,
    "address": "https://[",
    "date": "2026-13-45T99:00:00.000+0000",
    "naive date": "2026-03-01",
    "far date": "9999-12-31T23:59:59.999+0000",
    "id": "500000000000001XXX",
}


@dataclass(frozen=True)
class Place:
    """A place in the answers of a command: the number of the call, and the path in its answer."""

    call: int
    path: Path

    def __str__(self) -> str:
        return f"call {self.call}: {'.'.join(map(str, self.path)) or 'the whole'}"


@dataclass
class Tampering:
    """Stands between requests and the network. Keeps the answers, and puts `value` at `place`."""

    place: Place | None = None
    value: Any = None
    answers: list[tuple[str, Any]] = field(default_factory=list)

    def installed(self, patch: pytest.MonkeyPatch) -> None:
        real = HTTPAdapter.send

        def send(adapter: HTTPAdapter, request: requests.PreparedRequest, **more: Any) -> requests.Response:
            answer = real(adapter, request, **{**more, "stream": False})
            return self._changed(adapter, request, answer)

        patch.setattr(HTTPAdapter, "send", send)

    def _changed(
        self, adapter: HTTPAdapter, request: requests.PreparedRequest, answer: requests.Response
    ) -> requests.Response:
        content = answer.content
        try:
            body = json.loads(content)
        except ValueError:
            body = None
        number = len(self.answers)
        self.answers.append((f"{request.method} {str(request.path_url).partition('?')[0]}", body))
        if self.place is not None and number == self.place.call and body is not None:
            content = written(put(body, self.place.path, self.value)).encode()
        raw = urllib3.HTTPResponse(
            body=io.BytesIO(content),
            headers={name: text for name, text in answer.headers.items() if not is_about_bytes(name)},
            status=answer.status_code,
            preload_content=False,
        )
        return adapter.build_response(request, raw)


def is_about_bytes(header: str) -> bool:
    return header.lower() in ("content-length", "content-encoding", "transfer-encoding")


def places(answers: Sequence[tuple[str, Any]], known: Sequence[tuple[str, Any]] = ()) -> list[Place]:
    """Every place of the answers, without those of answers that are `known`. A describe, or the records of a query,
    that looks like another one counts once."""
    seen = {key for _, key in _keyed(known)}
    found: dict[Any, Place] = {}
    for place, key in _keyed(answers):
        if key not in seen:
            found.setdefault(key, place)
    return list(found.values())


def _keyed(answers: Sequence[tuple[str, Any]]) -> Iterator[tuple[Place, Any]]:
    for call, (request, body) in enumerate(answers):
        shapes = [_shape(part) for part in parts_of(body)]
        for path in paths(body):
            in_part = len(path) > 1 and path[0] == PARTS and isinstance(path[1], int)
            key = (shapes[int(path[1])], path[2:]) if in_part else (request, tuple(shapes), path)
            yield Place(call, path), key


def parts_of(body: Any) -> list[Any]:
    return list(body[PARTS]) if isinstance(body, dict) and isinstance(body.get(PARTS), list) else []


def _shape(part: Any) -> str:
    names = [str(path) for path in paths(part)]
    return "a describe" if "('body', 'fields', '*', 'soapType')" in names else repr(sorted(names))


def paths(body: Any, here: Path = ()) -> Iterator[Path]:
    """The paths of a body. The parts of a composite differ, elements of other lists do not."""
    yield here
    if isinstance(body, dict):
        for name, value in body.items():
            yield from paths(value, (*here, name))
    elif isinstance(body, list) and here == (PARTS,):
        for number, value in enumerate(body):
            yield from paths(value, (*here, number))
    elif isinstance(body, list):
        yield from dict.fromkeys(path for value in body for path in paths(value, (*here, ALL)))


def put(body: Any, path: Path, value: Any) -> Any:
    """The body with the value at the path, in every element where the path says so."""
    if not path:
        return {} if value is GONE else value
    changed = copy.copy(body)
    first, *rest = path
    steps: list[Any] = list(range(len(body))) if first == ALL and isinstance(body, list) else [first]
    for step in reversed(steps):
        if not has(changed, step):
            continue
        if not rest and value is GONE:
            del changed[step]
        else:
            changed[step] = put(changed[step], tuple(rest), value) if rest else value
    return changed


def has(body: Any, step: Any) -> bool:
    return step in body if isinstance(body, dict) else isinstance(body, list) and isinstance(step, int)


def written(body: Any) -> str:
    """The JSON of a body, with raw texts as they are."""
    text = json.dumps(body)
    for value in VALUES.values():
        if isinstance(value, str) and value.startswith(RAW):
            text = text.replace(json.dumps(value), value.removeprefix(RAW))
    return text
