"""Business hours: what a clock counts by, and what the settings in the input say of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sfdc_escalator.native.criteria.values import NotMappable
from sfdc_escalator.native.remark import Remark
from sfdc_escalator.native.source.element import Element

DEFAULT = "Default"
Calendar = Mapping[str, Any] | None
NO_FILE = "BusinessHours.settings is not among the files: every case counts by the hours called Default"


@dataclass(frozen=True, slots=True)
class Hours:
    """The active business hours by name; `default` is the one that cases have without another. `known`: the settings
    are in the input."""

    names: tuple[str, ...] = ()
    default: str = DEFAULT
    holidays: tuple[str, ...] = ()
    known: bool = False


def hours_of(settings: Element | None) -> Hours:
    if settings is None:
        return Hours()
    active = [one for one in settings.all("businessHours") if is_active(one)]
    names = tuple(name for one in active if (name := one.value("name")))
    default = next((one.value("name") for one in active if is_default(one)), names[0] if names else DEFAULT)
    return Hours(names, default or DEFAULT, tuple(map(holiday_text, settings.all("holidays"))), True)


def is_active(one: Element) -> bool:
    return all(child.is_true for child in one.all("active"))


def is_default(one: Element) -> bool:
    return any(child.is_true for child in one.all("default"))


def holiday_text(holiday: Element) -> str:
    name, day = holiday.value("name") or "without a name", holiday.value("activityDate")
    repeats = " (repeats)" if any(one.is_true for one in holiday.all("isRecurring")) else ""
    hours = ", ".join(one.text for one in holiday.all("businessHours"))
    return f"{name}{f' on {day}' if day else ''}{repeats}{f', of {hours}' if hours else ''}"


def calendar_of(entry: Element, hours: Hours, remarks: list[Remark]) -> Calendar:
    """The calendar of an escalation entry; None where every hour counts. Raises NotMappable."""
    source = entry.first("businessHoursSource")
    kind = source.text if source is not None else "None"
    if kind in ("None", ""):
        return None
    if kind == "Static":
        if not (name := entry.value("businessHours")):
            raise NotMappable("businessHoursSource", "it names no business hours")
        return {"business_hours": name}
    if kind != "Case":
        raise NotMappable(kind, "this source of business hours is not known", "Case, Static or None")
    if not hours.known and source is not None:
        remarks.append(Remark(source.line, source.name, NO_FILE, weight="remark"))
    return of_the_case(hours)


def of_the_case(hours: Hours) -> Mapping[str, Any]:
    others = [name for name in hours.names if name != hours.default]
    default = {"business_hours": hours.default}
    if not others:
        return default
    values = {name: {"business_hours": name} for name in others}
    return {"by": "BusinessHours.Name", "values": values, "else": default}


def holidays_of(several: Sequence[Hours]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(day for hours in several for day in hours.holidays))
