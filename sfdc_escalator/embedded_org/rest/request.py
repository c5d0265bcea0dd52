"""A request from the network, and its body as JSON, parsed as strictly as Salesforce does it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sfdc_escalator.embedded_org.basics.api_error import ApiError, too_deep

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")  # half a character, perhaps without its other half

_KINDS = ("application/json", "", "application/x-www-form-urlencoded")  # the last is the default of curl


@dataclass(frozen=True, slots=True)
class Request:
    """A request; header names are as sent."""

    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes

    def header(self, name: str) -> str:
        return next((value for each, value in self.headers.items() if each.lower() == name), "")

    def json(self) -> Any:
        """The JSON body, None without one. Raises ApiError JSON_PARSER_ERROR or UNSUPPORTED_MEDIA_TYPE."""
        if not self.content.strip() or self.method in ("GET", "HEAD", "DELETE"):
            return None
        kind = self.header("content-type").partition(";")[0].strip().lower()
        if kind not in _KINDS:
            raise ApiError("UNSUPPORTED_MEDIA_TYPE", f"Content-Type {kind} is not supported", status=415)
        try:
            found = json.loads(self.content.decode("utf-8"), object_pairs_hook=_distinct, parse_constant=_no_constant)
            if _SURROGATE.search(self.content):
                json.dumps(found, ensure_ascii=False).encode()
            return found
        except UnicodeError:
            raise ApiError("JSON_PARSER_ERROR", "The body is not well-formed UTF-8") from None
        except json.JSONDecodeError as error:
            message = f"{error.msg} at [line:{error.lineno}, column:{error.colno}]"
            raise ApiError("JSON_PARSER_ERROR", message) from None
        except ValueError:  # Python reads no whole number of thousands of digits
            raise ApiError("JSON_PARSER_ERROR", "A number has too many digits") from None
        except RecursionError:
            raise too_deep() from None

    def json_for_log(self) -> Any:
        """The body, None when it is not JSON."""
        try:
            return self.json()
        except ApiError:
            return None


def _no_constant(text: str) -> Any:
    raise ApiError("JSON_PARSER_ERROR", f"Non-standard token '{text}'")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise ApiError("JSON_PARSER_ERROR", f'Duplicate field "{double}"')
    return found
