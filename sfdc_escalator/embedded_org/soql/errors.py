"""Errors in a query as Salesforce writes them: an excerpt, a caret under the place, row and column, the message."""

from __future__ import annotations

import re

from sfdc_escalator.embedded_org.basics.api_error import ApiError

_REACH = 30


def error_at(text: str, at: int, message: str, code: str = "MALFORMED_QUERY") -> ApiError:
    """The error with its caret under position `at` of the query text."""
    begin = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[begin:] if end < 0 else text[begin:end]
    row, column = text.count("\n", 0, at) + 1, at - begin
    start = _token_start(line, column - _REACH) if column > _REACH + 2 else 0
    excerpt = line[start : column + _REACH] if len(line) - column > 2 * _REACH else line[start:]
    caret = " " * (column - start) + "^"
    return ApiError(code, f"\n{excerpt}\n{caret}\nERROR at Row:{row}:Column:{column + 1}\n{message}")


def _token_start(line: str, position: int) -> int:
    while position > 0 and re.match(r"\w\w", line[position - 1 : position + 1]):
        position -= 1
    return position


def no_such_column(text: str, at: int, name: str, sobject: str) -> ApiError:
    return error_at(
        text, at,
        f"No such column '{name}' on entity '{sobject}'. If you are attempting to use a custom field, be sure to "
        "append the '__c' after the custom field name. Please reference your WSDL or the describe call for the "
        "appropriate names.", "INVALID_FIELD",
    )  # fmt: skip


def no_such_relationship(text: str, at: int, name: str) -> ApiError:
    return error_at(
        text, at,
        f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom relationship, "
        "be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe "
        "call for the appropriate names.", "INVALID_FIELD",
    )  # fmt: skip


def no_such_object(text: str, at: int, name: str) -> ApiError:
    return error_at(
        text, at,
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the "
        "'__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.",
        "INVALID_TYPE",
    )  # fmt: skip


def unsupported(text: str, at: int, what: str) -> ApiError:
    """The error for SOQL that a real org may run and this one does not."""
    return error_at(text, at, f"{what} is not supported by this org")
