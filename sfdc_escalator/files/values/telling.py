"""Values about notices: kinds of channels, times of the day, days of the week."""

from datetime import time
from typing import Any

from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.escalation.time.opening_hours import DAYS_FORM, parse_days
from sfdc_escalator.files.text.fault import Fault, described, shown, unknown
from sfdc_escalator.files.values import texts


def channel_kind(value: Any) -> str:
    name = texts.text(value)
    if name not in KINDS:
        raise unknown("kind of channel", name, sorted(KINDS))
    return name


def time_of_day(value: Any) -> time:
    try:
        found = time.fromisoformat(value if isinstance(value, str) and len(value) == len("08:00") else "")
    except ValueError:
        raise Fault(
            "this is not a time of the day", found=described(value), expected='a time such as "08:00"'
        ) from None
    return found


def days(value: Any) -> frozenset[int]:
    try:
        return frozenset(parse_days(value if isinstance(value, str) else ""))
    except ValueError:
        raise Fault("these are not days of the week", found=shown(value), expected=DAYS_FORM) from None
