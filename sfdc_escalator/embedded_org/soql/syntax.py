"""Parses SOQL by the grammar in soql.lark; syntax errors are worded as in Salesforce."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput

from sfdc_escalator.embedded_org.basics.api_error import ApiError
from sfdc_escalator.embedded_org.soql.errors import error_at, unsupported
from sfdc_escalator.embedded_org.soql.nodes import (
    Call,
    Comparison,
    Condition,
    Junction,
    Literal,
    Membership,
    Negation,
    Ordering,
    Path,
    Query,
)

_LONGEST = 100_000
_LONGEST_STRING = 4_000
_LARGEST, _ENOUGH = 2**31 - 1, 11  # the first digits of a longer number are larger
_STRING = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\",
            "N": "\n", "R": "\r", "T": "\t", "B": "\b", "F": "\f"}  # fmt: skip
_CLAUSES = re.compile(
    r"\bTYPEOF\b(?=\s+\w+\s+WHEN\b)|\bUSING\s+SCOPE\b|\bFOR\s+(?:VIEW|REFERENCE|UPDATE)\b|\bUPDATE\s+(?:TRACKING|VIEWSTAT)\b"
    r"|\bWITH\s+(?:SECURITY_ENFORCED|USER_MODE|SYSTEM_MODE|DATA\s+CATEGORY)\b|\bWITH(?=\s+\w+\s*(?:=|LIKE\b|IN\b))"
    r"|\bALL\s+ROWS\b|\b(?:ROLLUP|CUBE|DISTANCE)(?=\s*\()|(?P<list>(?<=\bFROM )\s*[\w.]+(?:\s+\w+)?\s*,)",
    re.IGNORECASE,
)
_build_lock = threading.Lock()


def parse(text: str) -> Query:
    """The query as nodes. Raises ApiError MALFORMED_QUERY."""
    if len(text) > _LONGEST:
        raise ApiError("MALFORMED_QUERY", f"SOQL statements can not be longer than {_LONGEST} characters")
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        raise _not_supported(text) or _syntax_error(text, error) from None
    query: Query = _Nodes(text).build(tree)
    return query


@lru_cache(maxsize=1)
def _built() -> Lark:
    grammar = resources.files(__package__).joinpath("soql.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", lexer="contextual", maybe_placeholders=False)


def _parser() -> Lark:
    with _build_lock:
        return _built()


def _not_supported(text: str) -> ApiError | None:
    """The error for a clause that Salesforce knows and this org does not."""
    bare = _STRING.sub(lambda found: "'" + "_" * (len(found[0]) - 2) + "'", text)
    found = _CLAUSES.search(bare)
    if found is None:
        return None
    what = "a list of objects in FROM" if found["list"] else " ".join(found[0].upper().split())
    return unsupported(text, found.start(), what)


def _syntax_error(text: str, error: UnexpectedInput) -> ApiError:
    at = error.pos_in_stream
    token = getattr(error, "token", None)
    if at is None or at < 0 or (token is not None and token.type == "$END"):
        at = len(text.rstrip())
    if not text[at:].strip():
        return error_at(text, at, "unexpected token: '<EOF>'")
    word = re.match(r"\w+|'(?:[^'\\]|\\.)*'|[<>!=]=?|[(),.]", text[at:], re.DOTALL)
    if word is None:
        line = text.count("\n", 0, at) + 1
        return error_at(text, at, f"line {line}:{at} no viable alternative at character '{text[at]}'")
    if not text[:at].strip():
        return ApiError("MALFORMED_QUERY", f"unexpected token: {word[0]}")
    return error_at(text, at, f"unexpected token: '{word[0]}'")


class _Nodes(Transformer[Token, Any]):
    """The builder of nodes, bottom-up; each method drops the tokens that are only keywords."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def build(self, tree: Any) -> Any:
        from lark.exceptions import VisitError

        try:
            return self.transform(tree)
        except VisitError as error:
            if isinstance(error.orig_exc, ApiError):
                raise error.orig_exc from None
            raise

    def start(self, parts: list[Any]) -> Query:
        query: Query = parts[0]
        return query

    def query(self, parts: list[Any]) -> Query:
        clauses = {each[0]: each[1:] for each in parts[4:] if isinstance(each, tuple)}
        group = clauses.get("group", ((), None))
        return Query(
            tuple(parts[1]), parts[3], clauses.get("where", (None,))[0], group[0], group[1],
            clauses.get("order", ((),))[0], clauses.get("limit", (None,))[0], clauses.get("offset", (None,))[0],
            self._text, parts[0].start_pos,
        )  # fmt: skip

    def items(self, parts: list[Any]) -> list[Any]:
        return parts

    def children(self, parts: list[Any]) -> Any:
        return parts[0]

    def path(self, names: list[Token]) -> Path:
        return Path(tuple(str(each) for each in names), names[0].start_pos or 0)

    def selected(self, parts: list[Any]) -> Path:
        return Path(parts[0].names, parts[0].at, str(parts[1]) if len(parts) > 1 else None)

    source = selected

    def call(self, parts: list[Any]) -> Call:
        name, inner = parts[0], parts[1] if len(parts) > 1 else None
        if isinstance(inner, Call):
            if inner.function != "CONVERTTIMEZONE":
                raise unsupported(self._text, inner.at, f"{inner.function}() here")
            return Call(str(name).upper(), inner.path, name.start_pos, local=True)
        return Call(str(name).upper(), inner, name.start_pos)

    def aggregate(self, parts: list[Any]) -> Call:
        call: Call = parts[0]
        return replace(call, alias=str(parts[1]) if len(parts) > 1 else None)

    def where(self, parts: list[Any]) -> tuple[str, Condition]:
        return "where", parts[1]

    def having(self, parts: list[Any]) -> tuple[str, Condition]:
        return "having", parts[1]

    def group(self, parts: list[Any]) -> tuple[str, tuple[Path | Call, ...], Condition | None]:
        having = parts[-1][1] if isinstance(parts[-1], tuple) else None
        return "group", tuple(each for each in parts if isinstance(each, (Path, Call))), having

    def order(self, parts: list[Any]) -> tuple[str, tuple[Ordering, ...]]:
        return "order", tuple(parts[2:])

    def ordering(self, parts: list[Any]) -> Ordering:
        kinds = {each.type for each in parts[1:]}
        return Ordering(parts[0], "DESC" in kinds, "LAST" in kinds)

    def limit(self, parts: list[Token]) -> tuple[str, int]:
        return "limit", self._whole(parts[1])

    def offset(self, parts: list[Token]) -> tuple[str, int]:
        return "offset", self._whole(parts[1])

    def _whole(self, token: Token) -> int:
        if not token.isdecimal():
            raise error_at(self._text, token.start_pos or 0, f"unexpected token: '{token}'")
        return min(int(token.lstrip("0")[:_ENOUGH] or "0"), _LARGEST)

    def all_of(self, parts: list[Any]) -> Junction:
        return Junction(tuple(each for each in parts if not isinstance(each, Token)), either=False)

    def any_of(self, parts: list[Any]) -> Junction:
        return Junction(tuple(each for each in parts if not isinstance(each, Token)), either=True)

    def negation(self, parts: list[Any]) -> Negation:
        return Negation(parts[1])

    def compare(self, parts: list[Any]) -> Comparison:
        return Comparison(parts[0], "!=" if parts[1] == "<>" else str(parts[1]), (parts[2],))

    def like(self, parts: list[Any]) -> Comparison:
        return Comparison(
            parts[0], "LIKE", (Literal("string", self._unescaped(parts[2], like=True), parts[2].start_pos),)
        )

    def in_values(self, parts: list[Any]) -> Comparison:
        return Comparison(parts[0], "IN", parts[-1])

    def not_in_values(self, parts: list[Any]) -> Comparison:
        return Comparison(parts[0], "NOT IN", parts[-1])

    def includes(self, parts: list[Any]) -> Comparison:
        return Comparison(parts[0], "INCLUDES", parts[-1])

    def excludes(self, parts: list[Any]) -> Comparison:
        return Comparison(parts[0], "EXCLUDES", parts[-1])

    def in_query(self, parts: list[Any]) -> Membership:
        return Membership(parts[0], parts[-1], negated=False)

    def not_in_query(self, parts: list[Any]) -> Membership:
        return Membership(parts[0], parts[-1], negated=True)

    def values(self, parts: list[Any]) -> tuple[Literal, ...]:
        if not isinstance(parts[0], Token):
            return tuple(parts)
        begin = parts[0].start_pos or 0
        return tuple(
            Literal("string", self._unescaped(each[0], at=begin + each.start()), begin + each.start())
            for each in _STRING.finditer(parts[0])
        )

    def value(self, parts: list[Token]) -> Literal:
        token = parts[0]
        text = self._unescaped(token) if token.type == "STRING" else str(token)
        return Literal(token.type.lower(), text, token.start_pos or 0)

    def _unescaped(self, token: str, like: bool = False, at: int | None = None) -> str:
        """The text of a quoted literal; in LIKE the escapes of % and _ stay, for the pattern."""
        place = at if at is not None else getattr(token, "start_pos", 0)
        inner = token[1:-1]
        if len(inner) > _LONGEST_STRING:
            raise error_at(self._text, place, f"String literals can not be longer than {_LONGEST_STRING} characters")
        if "\\" not in inner:
            return inner

        def plain(match: re.Match[str]) -> str:
            if match[1] and not 0xD800 <= int(match[1], 16) < 0xE000:
                return chr(int(match[1], 16))
            if like and match[2] in "_%":
                return "\\" + match[2]
            if like and match[2] == "\\":
                return "\\\\"
            if match[1] or match[2] not in _ESCAPES:
                raise error_at(
                    self._text, place,
                    f"Invalid string literal {token}. Illegal character sequence '{match[0]}' in string literal.",
                )  # fmt: skip
            return _ESCAPES[match[2]]

        return re.sub(r"\\(?:[uU]([0-9a-fA-F]{4})|(.))", plain, inner, flags=re.DOTALL)
