"""The text of a policy file. The same policy has the same text."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sfdc_escalator.native.policy.draft import MAIL, PolicyDraft, RouteDraft

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.]*(?:[ -][A-Za-z0-9_.]+)*|[0-9]{1,9}m", re.ASCII)
NOT_PLAIN = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
HEADER = re.compile(r"# Imported from .*; source sha256 [0-9a-f]{64}; content ([0-9a-f]{64})")
SCOPE = {"field": "IsClosed", "is": False}


def file_text(name: str, draft: PolicyDraft, source: str, rule: str, sha256: str) -> str:
    body = "".join(f"{line}\n" for line in body_lines(name, draft))
    first = f"# Imported from {one_line(source)}, rule {json.dumps(one_line(rule), ensure_ascii=False)}"
    return f"{first}; source sha256 {sha256}; content {digest(body)}\n{body}"


def digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def is_edited(text: str) -> bool:
    """True where the content of a file is not what an import wrote."""
    first, _, body = text.partition("\n")
    header = HEADER.fullmatch(first)
    return header is None or header[1] != digest(body)


def body_lines(name: str, draft: PolicyDraft) -> Iterator[str]:
    yield from (f"# {one_line(comment)}" for comment in draft.comments)
    yield f"policy: {name}"
    yield f"description: {flow(draft.description)}"
    yield f"scope: [{flow(SCOPE)}]"
    if draft.priorities:
        yield f"priorities: {flow(list(draft.priorities))}"
    if draft.notifies:
        yield f"channels: {{{MAIL}: email}}"
    named = {text for route in draft.routes for text in texts_in(route.body)}
    if teams := {team: said for team, said in draft.teams.said.items() if team in named}:
        yield "teams:"
        yield from (f"  {scalar(team)}: {flow(said)}" for team, said in teams.items())
    yield "routes:"
    for route in draft.routes:
        yield from route_lines(route)


def weight_of(draft: PolicyDraft) -> int:
    """The number of values in the file, keys of mappings counted once each mapping."""
    return sum(3 + weight(route.body) for route in draft.routes) + sum(map(weight, draft.teams.said.values())) + 20


def weight(value: Any) -> int:
    if isinstance(value, Mapping):
        return 2 + sum(map(weight, value.values()))
    return 1 + (sum(map(weight, value)) if isinstance(value, (list, tuple)) else 0)


def texts_in(value: Any) -> Iterator[str]:
    """Every text in the value, such as the names of the teams that it uses."""
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ():
        yield from texts_in(inner)


def route_lines(route: RouteDraft) -> Iterator[str]:
    yield from (f"  # {one_line(comment)}" for comment in route.comments)
    yield f"  - name: {scalar(route.name)}"
    yield f"    reason: {flow(route.reason)}"
    for key, value in route.body.items():
        if key in ("when", "ladder", "unless"):
            yield f"    {key}:"
            yield from (f"      - {flow(one)}" for one in value)
        else:
            yield f"    {key}: {flow(value)}"


def flow(value: Any) -> str:
    """The value on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(flow, value))}]"
    return scalar(value)


def scalar(text: str) -> str:
    if PLAIN.fullmatch(text) and text.lower() not in NOT_PLAIN:
        return text
    return '"' + "".join(map(escaped, text)) + '"'


def escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


def one_line(text: str) -> str:
    """The text on one line, without characters that a comment cannot hold."""
    return "".join(char if char.isprintable() else " " for char in " ".join(text.split()))
