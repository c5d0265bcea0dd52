"""Values about notices: kinds of channels, times of the day, days of the week; and the refusal of addresses.

The address of a channel may be a secret: a message about one does not show it.
"""

from datetime import time
from typing import Any

from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.escalation.time.opening_hours import DAYS_FORM, parse_days
from sfdc_escalator.files.text.fault import Fault, described, one_of, shown, unknown
from sfdc_escalator.files.values import secret, texts

SETTINGS = frozenset(setting.name for kind in KINDS.values() for setting in kind.settings)
"""The settings of channels, all of which belong to an org."""
IN_ORGS = "in config/orgs.yaml, below the org: `channels: {NAME: {url: ...}}`"


def is_address(text: str) -> bool:
    """True for a web address, an e-mail address, or a reference to one."""
    return "://" in text or "@" in text or (":" in text and text.partition(":")[0] in secret.KINDS)


def refuse_address(text: str, what: str, expected: str) -> None:
    """Raises a Fault, without the text, for an address in place of a name."""
    if is_address(text):
        raise Fault(f"an address is not {what}", found="an address", expected=expected)


def refuse_settings(given: Any) -> None:
    """Raises a Fault for settings of a channel in the policy, which holds for every org."""
    for key in given if isinstance(given, dict) else ():
        if key in SETTINGS:
            raise Fault(f"`{key}` of a channel does not belong in a policy", expected=IN_ORGS, key=key)


def channel_kind(value: Any) -> str:
    name = texts.text(value)
    refuse_address(name, "a kind of channel", f"{one_of(sorted(KINDS))}; the address {IN_ORGS}")
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
