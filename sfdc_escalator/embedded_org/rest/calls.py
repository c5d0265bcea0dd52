"""A call of the REST interface and its answer as values, from the network or from inside a composite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from sfdc_escalator.embedded_org.basics.api_error import ApiError


@dataclass(frozen=True, slots=True)
class Call:
    """A call; `resource` is the path after the version without outer slashes, header names are lower-case."""

    method: str
    resource: str
    version: str = "67.0"
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    @property
    def parts(self) -> list[str]:
        return self.resource.split("/") if self.resource else []

    def record(self) -> dict[str, Any]:
        """The body, which must be an object. Raises ApiError JSON_PARSER_ERROR."""
        if not isinstance(self.body, dict):
            raise ApiError(
                "JSON_PARSER_ERROR", "The HTTP entity body is required, but this request has no valid object in it"
            )
        return self.body

    def moment(self, header: str) -> datetime | None:
        """The date in a header (RFC 1123), None without it. Raises ApiError when it is not a date."""
        text = self.headers.get(header)
        if text is None:
            return None
        try:
            return parsedate_to_datetime(text).replace(tzinfo=UTC)
        except (ValueError, TypeError):
            raise ApiError(
                "INVALID_HEADER", f"{header}: {text} is not a date such as Tue, 10 Mar 2026 10:00:00 GMT"
            ) from None

    def flag(self, name: str) -> bool:
        return self.query.get(name, "false").lower() == "true"


@dataclass(slots=True)
class Answer:
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return self.status >= 400 or self.status == 300  # 300: several records have the key, none was saved


def split(url: str) -> tuple[str, dict[str, str]]:
    """The unescaped path and the query of a request target; the last of repeated parameters counts.

    Raises ApiError when it is not a well-formed address.
    """
    try:
        parts = urlsplit(url)
        query = parse_qs(parts.query, keep_blank_values=True, errors="strict")
        return unquote(parts.path, errors="strict"), {name: values[-1] for name, values in query.items()}
    except ValueError:
        raise ApiError("MALFORMED_URL", "The address is not a well-formed URL in UTF-8") from None


def method_not_allowed(call: Call, allowed: str) -> ApiError:
    return ApiError("METHOD_NOT_ALLOWED", f"HTTP Method '{call.method}' not allowed. Allowed are {allowed}", status=405)
