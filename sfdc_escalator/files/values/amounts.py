"""Durations and shares as values of the policy file."""

import re
from datetime import timedelta
from fractions import Fraction
from typing import Any, Literal

from sfdc_escalator.escalation.time.business_days import BusinessDays
from sfdc_escalator.escalation.time.durations import DURATION_FORM, parse_duration
from sfdc_escalator.files.text.fault import Fault, described, nearest, shown

BUSINESS_DAYS = re.compile(r"(\d{1,3}) business days?", re.ASCII)
SHARE = re.compile(r"(\d{1,3}(\.\d{1,6})?) ?%", re.ASCII)
LONGEST = timedelta(days=3653)


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


def some_time(value: Any) -> timedelta:
    """A duration that is longer than zero."""
    if time := duration(value):
        return time
    raise Fault("this is not a time", found=shown(value), expected="1m or more")


def lead_time(value: Any) -> timedelta:
    """A time before something that is due; without a length it would come too late."""
    if time := duration(value):
        return time
    raise Fault("this can never be due", found=shown(value), expected="1m or more")


def time_after(value: Any) -> timedelta:
    """`after 31m`: a time after the start of an escalation."""
    word, _, time = value.partition(" ") if isinstance(value, str) else ("", "", "")
    if word != "after":
        raise Fault("this is not a time after the start", found=described(value), expected="`after 31m`, `after 2h`")
    return duration(time.strip())


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
