"""Values of the policy file that a field or a text is compared with."""

import re
import warnings
from typing import Any

from sfdc_escalator.escalation.conditions.comparison import Literal_, moment
from sfdc_escalator.escalation.conditions.patterns.growth import copies, grows
from sfdc_escalator.escalation.conditions.speech.words import parse_phrase
from sfdc_escalator.files.text.fault import Fault, described, shown
from sfdc_escalator.files.values.texts import text

MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[-+]\d\d:?\d\d))?", re.ASCII)
PATTERN_LENGTH = 500
COPIES = 131_072
"""The characters of the longest text of a case (Salesforce, long text area)."""


def scalar(value: Any) -> Literal_:
    """The value that a field is compared with."""
    if value is None or (isinstance(value, str) and not value.strip()):
        raise Fault(
            "an empty value is compared by `is_empty`", found=shown(value), expected="a value, or `is_empty: true`"
        )
    if isinstance(value, list):
        raise Fault("one value is needed here", found="a list", expected="one value; `in` and `not_in` take a list")
    if not isinstance(value, (str, int, float, bool)):
        raise Fault("this cannot be a value", found=shown(value), expected="a text, a number, true or false")
    return value


def choice(value: Any) -> Literal_:
    """One of the values of a multi-picklist, or a part of a text."""
    chosen = beginning(value)
    if isinstance(chosen, str) and ";" in chosen:
        raise Fault(
            "`;` separates the values of a multi-picklist", found=shown(value), expected="a list: one value an entry"
        )
    return chosen


def beginning(value: Any) -> Literal_:
    start = scalar(value)
    if isinstance(start, bool):
        raise Fault("true and false are not texts", found=shown(value), expected="a text")
    return start


def boundary(value: Any) -> Literal_:
    """The value that at_least, at_most, more_than and less_than compare with."""
    expected = "a number, a date (2026-01-31) or a time with its zone (2026-01-31T09:00:00Z)"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and MOMENT.fullmatch(value) and moment(value) is not None:
        return value
    if isinstance(value, str) and re.fullmatch(r"\d+[mhdw]", value):
        expected += "; a time since is asked by `age`"
    raise Fault("this has no order", found=described(value), expected=expected)


def pattern(value: Any) -> str:
    """A regular expression of Python's `re`."""
    given = text(value)
    if len(given) > PATTERN_LENGTH:
        raise Fault("the pattern is too long", found=f"{len(given)} characters", expected=f"{PATTERN_LENGTH} at most")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(given, re.IGNORECASE)
            repeated = copies(given)
    except (re.error, RecursionError, OverflowError, Warning) as error:
        raise Fault(
            f"the pattern cannot be read: {error}", found=shown(given), expected="a regular expression"
        ) from None
    if repeated > COPIES:
        raise Fault("the pattern repeats a part too often", found=shown(given), expected=f"{COPIES} times at most")
    return given


def loud_pattern(value: Any, loud: bool) -> str:
    """A regular expression; where warnings are due, one whose search may take long is a fault."""
    given = pattern(value)
    if loud and grows(given):
        message = f"the pattern {shown(given)} can take very long on some texts; such a case is held"
        expected = (
            "parts that cannot read the same text in two ways: no repeat directly inside a repeat (`(x+)+` is `x+`), "
            "alternatives that begin differently, at most two of `.*`"
        )
        raise Fault(message, found=shown(given), expected=expected, severity="warning")
    return given


def phrase(value: Any) -> str:
    """Words with spaces between them, `this|that` for either."""
    given = text(value)
    try:
        parse_phrase(given)
    except ValueError:
        expected = "words with spaces between them, `this|that` for either"
        raise Fault("this is not a phrase", found=shown(given), expected=expected) from None
    return given


def listed_phrase(value: Any) -> str:
    """A phrase in a list of words; it cannot name another list."""
    given = phrase(value)
    if given.startswith("words."):
        raise Fault("a list of words holds no other list", found=shown(given), expected="a phrase")
    return given


def example_value(value: Any) -> Literal_ | frozenset[str] | None:
    """A field's value in an example; a list for a multi-picklist."""
    if isinstance(value, list):
        return frozenset(text(one) for one in value)
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise Fault(
        "this cannot be the value of a field", found=shown(value), expected="a text, a number, true, false or a list"
    )
