"""Single values of the policy file: each function returns the checked value, or raises Fault."""

import re
import warnings
from datetime import timedelta
from fractions import Fraction
from typing import Any, Literal

from sfdc_escalator.escalation.conditions.comparison import Literal_, moment
from sfdc_escalator.escalation.conditions.speech.words import parse_phrase
from sfdc_escalator.escalation.time.business_days import BusinessDays
from sfdc_escalator.escalation.time.durations import DURATION_FORM, parse_duration
from sfdc_escalator.files.text.fault import Fault, described, nearest, nearest_in, one_of, shown

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
NAME_FORM = "lower-case letters, digits and `-`, 63 at most"
SNAKE = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
SNAKE_FORM = "lower-case letters, digits and `_`"
LIST_NAME = re.compile(r"[A-Za-z0-9][\w-]{0,62}", re.ASCII)
FIELD_PATH = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*){0,5}", re.ASCII)
RECORDS = frozenset({"account", "contact", "owner", "parent", "recordtype", "createdby", "lastmodifiedby", "manager"})
SPOKEN = ("comments", "comments.agent", "comments.customer", "emails", "emails.agent", "emails.customer")
OWN_SOURCES = ("findings", *SPOKEN, "route.reason")
RESERVED = frozenset({"findings", "comments", "route", "emails"})
PLACEHOLDER = re.compile(r"\{[!{]|\{[A-Za-z]\w*\}")
FIELD_PLACEHOLDER = re.compile(r"\{([A-Za-z]\w*(?:\.[A-Za-z]\w*)+)\}", re.ASCII)
MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[-+]\d\d:?\d\d))?", re.ASCII)
BUSINESS_DAYS = re.compile(r"(\d{1,3}) business days?", re.ASCII)
SHARE = re.compile(r"(\d{1,3}(\.\d{1,6})?) ?%", re.ASCII)
IF_MISSING = ("say_so", "tell_owner", "hold")
LONGEST = timedelta(days=3653)
PATTERN_LENGTH = 500
RELATION = re.compile(r"[A-Za-z]\w{0,79}", re.ASCII)


def text(value: Any) -> str:
    """A text that is not empty."""
    if isinstance(value, str):
        if value.strip():
            return value
        raise Fault("the text is empty", found="an empty text", expected="a text")
    if isinstance(value, (bool, int, float)):
        raise Fault("this must be a text", found=shown(value), expected="a text: put it in quotes")
    raise Fault("this must be a text", found=shown(value), expected="a text")


def sentence(value: Any) -> str:
    """A text for a note; `{Case.Reason}` and `{Account.Name}` in it are replaced by fields of the case."""
    said = text(value)
    if placeholder := PLACEHOLDER.search(said):
        found, expected = shown(placeholder[0]), "a field such as `{Case.Subject}` or `{Account.Name}`"
        raise Fault(f"`{found}` has no value here", found=found, expected=expected)
    for path in placeholder_paths(said):
        field_path(path)
    return said.strip()


def placeholder_paths(said: str) -> tuple[str, ...]:
    """The fields of the case that the placeholders of a text name."""
    return tuple(path.removeprefix("Case.") for path in FIELD_PLACEHOLDER.findall(said))


def queue_name(value: Any) -> str:
    name = text(value)
    if len(name) > 80 or name != name.strip() or not name.isprintable():
        raise Fault(
            "this is not a queue name", found=shown(value), expected="the queue's DeveloperName, 80 characters at most"
        )
    return name


def route_name(value: Any) -> str:
    if value == "none":
        raise Fault(
            "no route can be called `none`", found="none", expected="another name: examples say it for no route"
        )
    return name(value)


def formed(value: Any, form: re.Pattern[str], expected: str) -> str:
    name = text(value)
    if not form.fullmatch(name):
        raise Fault(f"`{shown(name)}` cannot be a name here", found=shown(name), expected=expected)
    return name


def name(value: Any) -> str:
    """The name of a policy, a route or a team; it is part of a note's key line, between slashes."""
    return formed(value, NAME, NAME_FORM)


def part_name(value: Any) -> str:
    return formed(value, SNAKE, SNAKE_FORM)


def list_name(value: Any) -> str:
    return formed(value, LIST_NAME, "letters, digits, `_` and `-`, 63 at most")


def field_path(value: Any) -> str:
    """A field of the case, or of a record that it refers to."""
    path = text(value)
    if path.split(".")[0] in RESERVED:
        expected = "a field path; `text` reads comments" if path.startswith("comments") else "a field path"
        raise Fault(f"`{shown(path)}` is not a field", found=shown(path), expected=expected)
    if re.fullmatch(r"\d+[mhdw]", path):
        expected = "a field; the time is a limit beside it, such as `at_least: 4h`"
        raise Fault(f"`{path}` is not a field", found=path, expected=expected)
    if not FIELD_PATH.fullmatch(path):
        expected = "API names with dots between them, such as Subject, Risk__c, Account.Type"
        raise Fault(f"`{shown(path)}` is not a field path", found=shown(path), expected=expected)
    last = path.rpartition(".")[2].lower()
    if last in RECORDS or last.endswith("__r"):
        raise Fault(
            f"`{path}` is a record, not a field", found=path, expected=f"one of its fields, such as {path}.Name"
        )
    return path


def text_source(value: Any) -> str:
    """The source of a `text` condition: a field path, or comments or e-mails, of everybody or of one side."""
    source = text(value)
    if source in SPOKEN:
        return source
    if source.split(".")[0].lower() in ("comments", "emails"):
        expected = f"{one_of(SPOKEN)}, or a field path"
        raise Fault(
            f"unknown source `{shown(source)}`", found=shown(source), expected=expected, nearest=nearest(source, SPOKEN)
        )
    return field_path(source)


def part_source(value: Any, texts: frozenset[str] | None) -> str:
    """The source of a part of the note. `texts` are the texts that some route gives; None when they cannot be known."""
    source = text(value)
    first = source.split(".")[0].lower()
    if first not in RESERVED:
        return field_path(source)
    if texts is None and source.startswith("route."):
        return source
    texts = texts or frozenset()
    allowed = (*OWN_SOURCES, *(f"route.{said}" for said in sorted(texts)))
    if source not in allowed:
        raise Fault(
            f"unknown source `{shown(source)}`",
            found=shown(source),
            expected=f"{one_of(allowed)}, or a field path",
            nearest=nearest_in("route.", source, ("reason", *texts)) or nearest(source, OWN_SOURCES[:-1]),
        )
    return source


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
    said = text(value)
    if len(said) > PATTERN_LENGTH:
        raise Fault("the pattern is too long", found=f"{len(said)} characters", expected=f"{PATTERN_LENGTH} at most")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(said, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError, Warning) as error:
        raise Fault(
            f"the pattern cannot be read: {error}", found=shown(said), expected="a regular expression"
        ) from None
    return said


def duration(value: Any) -> timedelta:
    try:
        limit = parse_duration(value if isinstance(value, str) else "")
    except ValueError:
        if business_days(value) is not None:
            raise Fault("business days cannot be used here", found=shown(value), expected=DURATION_FORM) from None
        raise Fault("this is not a duration", found=described(value), expected=DURATION_FORM) from None
    if limit > LONGEST:
        raise Fault("the duration is too long", found=shown(value), expected="10 years at most")
    return limit


def signed_duration(value: Any) -> timedelta:
    """`24h` before a time, or `-24h` after it."""
    if isinstance(value, str) and value.startswith("-"):
        return -duration(value[1:])
    return duration(value)


def business_days(value: Any) -> BusinessDays | None:
    """`2 business days`; None for anything else."""
    found = BUSINESS_DAYS.fullmatch(value.strip()) if isinstance(value, str) else None
    return BusinessDays(int(found[1])) if found else None


def rearm(value: Any) -> timedelta | Literal["new_record"]:
    """The time after the end of an episode when a new one may begin, or `new_record`."""
    try:
        return "new_record" if value == "new_record" else duration(value)
    except Fault as fault:
        if fault.expected != DURATION_FORM:
            raise
        near = nearest(value, ["new_record"]) if isinstance(value, str) else None
        raise fault.but(expected=f"{DURATION_FORM}; or `new_record`", nearest=near) from None


def share(value: Any) -> Fraction:
    """`30%` as a fraction."""
    found = SHARE.fullmatch(value) if isinstance(value, str) else None
    part = Fraction(found[1]) / 100 if found else Fraction(0)
    if not 0 < part <= 1:
        raise Fault(
            "this is not a share", found=shown(value), expected="a percentage above 0% and up to 100%, such as 30%"
        )
    return part


def phrase(value: Any) -> str:
    """Words with spaces between them, `this|that` for either."""
    said = text(value)
    try:
        parse_phrase(said)
    except ValueError:
        expected = "words with spaces between them, `this|that` for either"
        raise Fault("this is not a phrase", found=shown(said), expected=expected) from None
    return said


def listed_phrase(value: Any) -> str:
    """A phrase in a list of words; it cannot name another list."""
    said = phrase(value)
    if said.startswith("words."):
        raise Fault("a list of words holds no other list", found=shown(said), expected="a phrase")
    return said


def if_missing(value: Any) -> str:
    said = sentence(value)
    near = nearest(said, IF_MISSING)
    if said in IF_MISSING or len(said.split()) > 1 or (near is None and not SNAKE.fullmatch(said)):
        return said
    raise Fault(
        f"unknown choice `{shown(said)}`",
        found=shown(said),
        expected=f"{one_of(IF_MISSING)}, or a sentence",
        nearest=near,
    )


def relation(value: Any) -> str:
    """A child relationship's name, such as ReturnOrders, Tasks, or RMAs__r."""
    return formed(value, RELATION, "a child relationship, such as Tasks, ReturnOrders or RMAs__r")


def quick_text(value: Any) -> str:
    """The name of a Quick Text; `{route}` in it is replaced by the route's name."""
    name = text(value).strip()
    for placeholder in re.findall(r"\{[^}]*\}?", name):
        if placeholder != "{route}":
            message = f"`{shown(placeholder)}` has no value in the name of a Quick Text"
            raise Fault(message, found=shown(placeholder), expected="`{route}`, the route's name")
    return name


def part_or_path(value: Any) -> str:
    """The name of a part of the note, or a field of the case."""
    said = text(value)
    return said if SNAKE.fullmatch(said) else field_path(said)


def some_time(value: Any) -> timedelta:
    """A duration that is longer than zero."""
    if time := duration(value):
        return time
    raise Fault("this is not a time", found=shown(value), expected="1m or more")


def example_value(value: Any) -> Literal_ | frozenset[str] | None:
    """A field's value in an example; a list for a multi-picklist."""
    if isinstance(value, list):
        return frozenset(text(one) for one in value)
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise Fault(
        "this cannot be the value of a field", found=shown(value), expected="a text, a number, true, false or a list"
    )
