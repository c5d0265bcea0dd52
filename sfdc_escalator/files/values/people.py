"""Recipients as values of the policy file: a user on a path from the case, or an e-mail address."""

import re
from typing import Any

from sfdc_escalator.files.text.fault import Fault, nearest, shown
from sfdc_escalator.files.values.sources import FIELD_PATH
from sfdc_escalator.files.values.texts import formed, text

USERS = ("Owner", "Manager", "CreatedBy", "LastModifiedBy", "DelegatedApprover")
ADDRESS = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")


def person(value: Any) -> str:
    """A user on a path from the case, such as Owner, Owner.Manager or Account.Owner."""
    expected = "a path to a user, such as Owner, Owner.Manager, Account.Owner or CreatedBy"
    if isinstance(value, str) and ADDRESS.fullmatch(value):
        team = f"a path such as Owner; or a team with `person: {shown(value)}`"
        raise Fault("an e-mail address is not a path to a user", found=shown(value), expected=team)
    path = formed(value, FIELD_PATH, expected)
    last, near = path.rpartition(".")[2].lower(), nearest_person(path)
    if last.endswith("__r") or last in map(str.lower, USERS):
        return path
    raise Fault(f"`{shown(path)}` does not end at a user", found=shown(path), expected=expected, nearest=near)


def nearest_person(path: str) -> str | None:
    way, dot, last = path.rpartition(".")
    near = nearest(last, USERS)
    return near and f"{way}{dot}{near}"


def username(value: Any) -> str:
    """The Username of a user of the org; it has the form of an e-mail address."""
    given = text(value).strip()
    if not ADDRESS.fullmatch(given):
        message, expected = "this is not a Username", "the user's Username, such as head@example.com"
        raise Fault(message, found=shown(given), expected=expected)
    return given


def address(value: Any) -> str:
    """An e-mail address."""
    given = text(value).strip()
    if not ADDRESS.fullmatch(given):
        raise Fault(
            "this is not an e-mail address", found=shown(given), expected="an address such as leads@example.com"
        )
    return given


def one_person(value: Any) -> str:
    """An e-mail address, or a user on a path from the case."""
    return address(value) if not isinstance(value, str) or "@" in value else person(value)
