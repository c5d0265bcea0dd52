"""Comparisons that the type of their field, or its picklist, leaves without a sense: they match never, or always."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from math import isfinite
from typing import NamedTuple

from sfdc_escalator.escalation.conditions.comparison import Literal_, as_text, fold, moment, number
from sfdc_escalator.escalation.conditions.leaf import Comparison, cells_compared
from sfdc_escalator.escalation.conditions.shared_keys import EQUAL, SIDES
from sfdc_escalator.escalation.conditions.tree import comparisons_in
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.readiness.gap import Gap, GapKind
from sfdc_escalator.escalation.readiness.picklists import unknown_choice
from sfdc_escalator.escalation.readiness.requirements import conditions_of, tables_of
from sfdc_escalator.escalation.world.case import long_id
from sfdc_escalator.escalation.world.forms.written_number import text_in_file
from sfdc_escalator.escalation.world.needs import Records
from sfdc_escalator.escalation.world.org import Describe, FieldInfo

CALLED: Mapping[str, str] = {
    "boolean": "a checkbox", "date": "a date", "datetime": "a datetime", "time": "a time of day",
    **dict.fromkeys(("int", "double", "currency", "percent", "long"), "a number"),
    **dict.fromkeys(("string", "textarea", "longtextarea", "email", "phone", "url"), "a text"),
    **dict.fromkeys(("combobox", "encryptedstring"), "a text"),
    "picklist": "a picklist", "multipicklist": "a multi-picklist",
    "id": "a record id", "reference": "a record id",
}  # fmt: skip
"""The types of fields (REST guide, sObject Describe) in the words of messages. A comparison with any other type is not
judged."""
TRUTH = {**dict.fromkeys(("yes", "on", "y", "1", "t"), "true"), **dict.fromkeys(("no", "off", "n", "0", "f"), "false")}


class Misfit(NamedTuple):
    """`constant`: the comparison has the same result for every value of the field."""

    expected: str
    nearest: str | None = None
    constant: bool = True


def misfit(info: FieldInfo, asked: Comparison, value: Literal_) -> Misfit | None:
    """The reason why the field can never have this value; None where it can, or where the type is not known."""
    called, key = CALLED.get(info.type), asked.key
    if called is None:
        return None
    if key == "is_empty":
        checkbox = info.type == "boolean" and "." not in asked.path
        return Misfit("`is: true` or `is: false`: a checkbox is never empty") if checkbox else None
    if key in SIDES and called not in ("a number", "a date", "a datetime"):
        return Misfit(f"a number, a date or a datetime field; `is` or `in` for {called}")
    if key in ("starts_with", "matches", "contains_any") and called in (
        "a checkbox",
        "a number",
        "a date",
        "a datetime",
    ):
        return Misfit(f"a text field; {'`is`' if called == 'a checkbox' else '`is` or `at_least`'} for {called}")
    if key in ("starts_with", "matches") and called == "a multi-picklist":
        return Misfit("`contains_any: [...]` for a multi-picklist")
    if key == "chosen" and called != "a multi-picklist":
        return Misfit(f"one value, no list, for {called}")
    if isinstance(value, bool) and called != "a checkbox":
        return Misfit(f'{called}; `"{as_text(value)}"` in quotes where a text is meant', constant=False)
    return FITS[called](info, asked, value)


def clock_misfit(info: FieldInfo, key: str) -> Misfit | None:
    """The reason why `age`, `left` or `text` cannot look at a field of this type."""
    called = CALLED.get(info.type)
    if called is None or (called == "a datetime" if key in ("age", "left") else called in SPOKEN_OF):
        return None
    if key == "text":
        return Misfit(f"a text field; `field` compares {called}")
    instead = "; a date is compared by `field`, such as `less_than: 2026-01-31`" if called == "a date" else ""
    return Misfit(f"a datetime field{instead}")


SPOKEN_OF = frozenset({"a text", "a picklist", "a record id", "a time of day"})


def checkbox(_info: FieldInfo, _asked: Comparison, value: Literal_) -> Misfit | None:
    text = as_text(value)
    return None if fold(text) in ("true", "false") else Misfit("true or false", TRUTH.get(text.strip().lower()))


def day_or_time(info: FieldInfo, asked: Comparison, value: Literal_) -> Misfit | None:
    text = as_text(value)
    at, is_time = moment(text), info.type == "datetime"
    if at is not None and isinstance(at, datetime) == is_time:
        return None
    day = text.strip()[:10] if moment(text.strip()[:10]) is not None else ""
    if not is_time:
        return Misfit("a date, such as 2026-01-31", day or None)
    zoned = f"{text.strip()}Z" if moment(f"{text.strip()}Z") is not None else ""
    whole = f"{day}T00:00:00Z" if day else ""
    expected = "a time with its zone, such as 2026-01-31T09:00:00Z"
    if asked.key in ("is", "in") and at is not None:
        expected += "; a day is `at_least` its start and `less_than` the next one's"
    return Misfit(expected, zoned or whole or None)


def amount(info: FieldInfo, asked: Comparison, value: Literal_) -> Misfit | None:
    found = number(value)
    if found is None or not isfinite(found):
        return Misfit("a number")
    broken = info.type in ("int", "long") and found != int(found) and asked.key not in SIDES
    return Misfit("a whole number") if broken else None


def text(_info: FieldInfo, _asked: Comparison, value: Literal_) -> Misfit | None:
    """A number that writes itself otherwise is compared as the file writes it, which its author may not expect."""
    written = text_in_file(value)
    return Misfit(f'"{written}" in quotes', constant=False) if written else None


def choices(info: FieldInfo, asked: Comparison, value: Literal_) -> Misfit | None:
    if asked.key == "example":
        return Misfit("a list: one value an entry")
    if ";" in as_text(value):
        return Misfit("one value; several are `contains_any: [a, b]`")
    return text(info, asked, value)


def record_id(_: FieldInfo, asked: Comparison, value: Literal_) -> Misfit | None:
    """Ids are compared in the form of 18 characters; `field` completes those of a field whose name ends in Id."""
    given = as_text(value).strip()
    if asked.key in ("starts_with", "contains_any"):
        return None if PART_OF_ID.fullmatch(given) else Misfit("a part of an id: letters and digits")
    if asked.key not in (*EQUAL, "cell"):
        return None
    try:
        full = long_id(given)
    except ValueError:
        return Misfit("the id of a record, 18 characters")
    completed = asked.key in EQUAL and asked.path.endswith("Id")
    return None if given == full or completed else Misfit("an id of 18 characters", full)


def time_of_day(_: FieldInfo, asked: Comparison, value: Literal_) -> Misfit | None:
    """A time of day is read as the org writes it."""
    given = as_text(value).strip()
    if asked.key in ("starts_with", "contains_any"):
        starts = range(1 if asked.key == "starts_with" else len(MIDNIGHT))
        around = (MIDNIGHT[:start] + given + MIDNIGHT[start + len(given) :] for start in starts)
        return None if any(map(TIME.fullmatch, around)) else Misfit("a part of a time, such as 09:")
    if asked.key == "matches" or TIME.fullmatch(given):
        return None
    near = next((f"{given}{rest}" for rest in (".000Z", ":00.000Z") if TIME.fullmatch(f"{given}{rest}")), None)
    return Misfit("a time such as 09:00:00.000Z", near)


PART_OF_ID = re.compile(r"[A-Za-z0-9]{1,18}", re.ASCII)
MIDNIGHT = "00:00:00.000Z"
TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z", re.ASCII)
FITS: Mapping[str, Callable[[FieldInfo, Comparison, Literal_], Misfit | None]] = {
    "a checkbox": checkbox,
    "a date": day_or_time,
    "a datetime": day_or_time,
    "a time of day": time_of_day,
    "a number": amount,
    "a text": text,
    "a picklist": text,
    "a multi-picklist": choices,
    "a record id": record_id,
}


def value_gaps(describe: Describe, asked: Comparison) -> Iterator[Gap]:
    """The gaps of one comparison: what its field's type cannot hold, what its picklist does not offer."""
    info = field_of(describe, asked)
    if info is None:
        return
    if not asked.values and (wrong := clock_misfit(info, asked.key)):
        yield misfit_gap(info, asked, asked.path, wrong)
    for value in asked.values:
        if wrong := misfit(info, asked, value):
            yield misfit_gap(info, asked, as_text(value), wrong)
        elif gap := unknown_choice(info, asked, value):
            yield gap


def misfit_gap(info: FieldInfo, asked: Comparison, subject: str, wrong: Misfit) -> Gap:
    values = {"field": asked.path, "type": CALLED[info.type], "key": asked.key, "expected": wrong.expected}
    return Gap(GapKind.MISFIT, subject, values=values, nearest=wrong.nearest)


def field_of(describe: Describe, asked: Comparison) -> FieldInfo | None:
    """The field of the case, or of the related records."""
    start = "Case" if asked.records is None else start_of(describe, asked.records)
    return None if start is None else describe.field_at(asked.path, start)


def start_of(describe: Describe, records: Records) -> str | None:
    child = describe.child(records.relation, records.through or "Case")
    return child and child.sobject


def senseless(policy: Policy, route: Route, describe: Describe) -> Iterator[Gap]:
    """The comparisons of a route and its ladder whose result is the same for every case, because of the types of their
    fields."""
    by_tables = (one for table in tables_of(route) for one in cells_compared(table))
    by_conditions = (one for condition in conditions_of(policy, route) for one in comparisons_in(condition))
    for asked in (*by_conditions, *by_tables):
        info = field_of(describe, asked)
        if info is None:
            continue
        found = [misfit(info, asked, value) for value in asked.values] or [clock_misfit(info, asked.key)]
        wrong = [one for one in found if one and one.constant]
        if len(wrong) == len(found):
            subject = ", ".join(map(as_text, asked.values)) or asked.path
            yield replace(misfit_gap(info, asked, subject, wrong[0]), blocks=True)
