"""`every:`, `deadline:` and `canary:` of an org in `config/orgs.yaml`: how often the fleet serves it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sfdc_escalator.files.orgs.org_logins import LoginFault
from sfdc_escalator.files.text.fault import Fault, described

KEYS = ("every", "deadline", "canary")
UNITS = {"s": 1, "m": 60, "h": 3600}
LEAST, MOST = 10, 7 * 24 * 3600
EXPECTED = "a number with s, m or h, such as 5m; at least 10s, at most 168h"
EXAMPLE = "`every: 5m` in this entry"


class FleetSettings(NamedTuple):
    """The interval between two starts and the longest time of a run, in seconds."""

    every: int
    deadline: int
    canary: bool = False


def fleet_faults(entry: Mapping[str, Any]) -> Iterator[LoginFault]:
    """The faults of these keys, each alone and together."""
    spans = {key: entry[key] for key in ("every", "deadline") if key in entry}
    broken = {key: fault for key, value in spans.items() for fault in span_faults(value)}
    yield from (((key,), fault) for key, fault in broken.items())
    if not isinstance(entry.get("canary", False), bool):
        yield ("canary",), Fault("this must be true or false", found=described(entry["canary"]))
    if "every" not in entry:
        for key in ("deadline", "canary"):
            if key in entry:
                yield (key,), Fault(f"`{key}` has no effect without `every`", on_key=True, expected=EXAMPLE)
    elif "deadline" in entry and not broken and seconds(entry["deadline"]) > seconds(entry["every"]):
        found, expected = str(entry["deadline"]), f"at most {entry['every']}, the value of `every`"
        yield ("deadline",), Fault("`deadline` is longer than `every`", found=found, expected=expected)


def span_faults(value: Any) -> Iterator[Fault]:
    try:
        wrong = not LEAST <= seconds(value) <= MOST
    except ValueError:
        wrong = True
    if wrong:
        yield Fault("this is not an interval of a fleet", found=described(value), expected=EXPECTED)


def seconds(value: Any) -> int:
    """Raises ValueError."""
    found = re.fullmatch(r"(\d{1,6})([smh])", value if isinstance(value, str) else "", re.ASCII)
    if not found:
        raise ValueError("not an interval")
    return int(found[1]) * UNITS[found[2]]


def fleet_settings(entry: Mapping[str, Any]) -> FleetSettings | None:
    """The valid settings of an entry; None for an org that the fleet does not serve. Without `deadline` a run may take
    four fifths of the interval."""
    if "every" not in entry:
        return None
    every = seconds(entry["every"])
    deadline = seconds(entry["deadline"]) if "deadline" in entry else every * 4 // 5
    return FleetSettings(every, deadline, entry.get("canary", False))
