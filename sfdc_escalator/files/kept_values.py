"""Frozen values of ours as plain data, and back: what a policy is made of.

A class is named by its module and must be a dataclass or a named tuple of this package, so that what is read can only
become a value. Parts that a class makes itself (`init=False`) are made anew.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from fractions import Fraction
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from sfdc_escalator.escalation.policy.escalate import Template
from sfdc_escalator.escalation.time.calendars import Calendar

PACKAGE = "sfdc_escalator."
SHARED = (Calendar, Template)
"""Values of which a policy has one in many places: calendars differ by their identity."""
PLAIN: Mapping[type, tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = {
    timedelta: ("span", lambda one: [one.days, one.seconds, one.microseconds], lambda given: timedelta(*given)),
    date: ("date", date.isoformat, date.fromisoformat),
    time: ("time", time.isoformat, time.fromisoformat),
    datetime: ("datetime", datetime.isoformat, datetime.fromisoformat),
    Fraction: ("share", str, Fraction),
    ZoneInfo: ("zone", lambda zone: zone.key, ZoneInfo),
}
READERS = {name: read for name, _, read in PLAIN.values()}


def as_data(value: Any) -> dict[str, Any]:
    """The value as JSON can hold it. Raises TypeError for one that it cannot."""
    shared: dict[Any, int] = {}
    parts: list[Any] = []

    def write(one: Any) -> Any:
        if not isinstance(one, SHARED):
            return write_own(one)
        if one not in shared:
            parts.append(write_own(one))
            shared[one] = len(parts) - 1
        return {"shared": shared[one]}

    def write_own(one: Any) -> Any:
        kind: type = type(one)
        if one is None or kind in (str, int, float, bool):
            return one
        if kind is tuple:
            return [write(part) for part in one]
        if kind is frozenset:
            return {"set": sorted((write(part) for part in one), key=str)}
        if kind in PLAIN:
            name, told, _ = PLAIN[kind]
            return {name: told(one)}
        if kind in (dict, MappingProxyType):
            return {"map": [[write(key), write(inner)] for key, inner in one.items()]}
        if isinstance(one, Enum):
            return {"choice": [name_of(kind), one.value]}
        return {"of": name_of(kind), "is": [write(getattr(one, name)) for name in names_of(kind)]}

    return {"value": write(value), "shared": parts}


def from_data(data: Mapping[str, Any]) -> Any:
    """The value. Raises whatever wrong data raises."""
    parts: list[Any] = []

    def read(given: Any) -> Any:
        if isinstance(given, list):
            return tuple([read(part) for part in given])
        if not isinstance(given, dict):
            return given
        if (name := given.get("of")) is not None:
            kind = class_of(name)
            return kind(**dict(zip(names_of(kind), map(read, given["is"]), strict=True)))
        ((form, inner),) = given.items()
        if form == "shared":
            return parts[inner]
        if form == "map":
            return {read(key): read(one) for key, one in inner}
        if form == "choice":
            return class_of(inner[0])(inner[1])
        return frozenset(read(inner)) if form == "set" else READERS[form](inner)

    parts.extend(read(part) for part in data["shared"])
    return read(data["value"])


def name_of(kind: type) -> str:
    name = f"{kind.__module__}:{kind.__name__}"
    if not name.startswith(PACKAGE) or class_of(name) is not kind:
        raise TypeError(f"{name} is not kept")
    return name


@cache
def names_of(kind: type) -> tuple[str, ...]:
    """The parts that make a value of this class, in their order."""
    return tuple(one.name for one in fields(kind) if one.init) if is_dataclass(kind) else kind._fields  # type: ignore


@cache
def class_of(name: str) -> type:
    """The class of this name. Raises TypeError for anything else."""
    module, _, own = name.partition(":")
    kind = getattr(import_module(module), own, None) if module.startswith(PACKAGE) else None
    if isinstance(kind, type) and (is_dataclass(kind) or issubclass(kind, Enum) or hasattr(kind, "_fields")):
        return kind
    raise TypeError(f"{name} is not kept")
