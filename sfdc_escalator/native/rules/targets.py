"""The queues, users and addresses that native rules name, as teams and recipients."""

import re
from collections.abc import Iterator
from typing import Any

from sfdc_escalator.native.criteria.values import NotMappable
from sfdc_escalator.native.policy.draft import Teams
from sfdc_escalator.native.source.element import Element

ADDRESS = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
LONGEST = 80
OWNER = {"person": "Owner"}


def target_of(element: Element, teams: Teams) -> str | None:
    """The team to which the cases go; None where the element assigns to nobody. Raises NotMappable."""
    to, kind = element.value("assignedTo"), element.value("assignedToType")
    if not to:
        return None
    if kind == "Queue":
        if len(to) > LONGEST or not to.isprintable():
            raise NotMappable(to, "this is not the DeveloperName of a queue")
        return teams.of_queue(to)
    if kind == "User":
        return teams.of_user(address(to, "a Username"))
    raise NotMappable("assignedToType", "it is neither User nor Queue", "Queue or User")


def called(element: Element) -> str:
    """The target as a route is named by it."""
    to = element.value("assignedTo")
    return to.partition("@")[0] if element.value("assignedToType") == "User" else to


def address(text: str, what: str) -> str:
    if not ADDRESS.fullmatch(text):
        raise NotMappable(text, f"this is not {what}")
    return text


def notified(element: Element, teams: Teams) -> list[Any]:
    """The recipients of an escalation action. Raises NotMappable."""
    found: list[Any] = [teams.of_person(address(one.text, "an e-mail address")) for one in filled(element, "notifyTo")]
    found += (teams.of_list(one) for one in addresses(element, "notifyEmail"))
    if any(one.is_true for one in element.all("notifyCaseOwner")):
        found.append(OWNER)
    return found


def filled(element: Element, name: str) -> Iterator[Element]:
    return (one for one in element.all(name) if one.text)


def addresses(element: Element, name: str) -> Iterator[str]:
    """The e-mail addresses in these children, several in one separated by commas, semicolons or blanks."""
    for one in filled(element, name):
        for part in one.text.replace(",", " ").replace(";", " ").split():
            yield address(part, "an e-mail address")
