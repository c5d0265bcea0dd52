"""The actions of an escalation entry, by their time."""

from dataclasses import dataclass
from typing import Any

from sfdc_escalator.native.criteria.values import NotMappable
from sfdc_escalator.native.policy.draft import Teams
from sfdc_escalator.native.remark import Remark
from sfdc_escalator.native.rules.book import attempt, strangers
from sfdc_escalator.native.rules.targets import notified, target_of
from sfdc_escalator.native.source.element import Element

KNOWN = frozenset(
    {
        "assignedTo", "assignedToTemplate", "assignedToType", "minutesToEscalation", "notifyCaseOwner", "notifyEmail",
        "notifyTo", "notifyToTemplate",
    }
)  # fmt: skip
MOST_MINUTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Action:
    minutes: int
    team: str | None
    notify: tuple[Any, ...]


def actions_of(entry: Element, teams: Teams, remarks: list[Remark]) -> list[Action]:
    """Those that do something, the earliest first; those of one minute are one."""
    by_minute: dict[int, Action] = {}
    idle = list[Element]()
    for one in entry.all("escalationAction"):
        strangers(one, KNOWN, remarks)
        action = attempt(lambda one=one: action_of(one, teams), one, remarks)  # type: ignore[misc]
        if action is None:
            continue
        if not action.team and not action.notify:
            idle.append(one)
        elif (there := by_minute.get(action.minutes)) is None:
            by_minute[action.minutes] = action
        elif there.team and action.team and there.team != action.team:
            why = "two actions of one minute assign the case to different owners"
            remarks.append(Remark(one.line, one.name, why))
        else:
            both = (*there.notify, *(new for new in action.notify if new not in there.notify))
            by_minute[action.minutes] = Action(action.minutes, there.team or action.team, both)
    if by_minute:
        why = "an action that neither assigns nor notifies is dropped"
        remarks += (Remark(one.line, one.name, why, weight="warned") for one in idle)
    return [by_minute[minute] for minute in sorted(by_minute)]


def action_of(element: Element, teams: Teams) -> Action:
    """Raises NotMappable."""
    written = element.value("minutesToEscalation")
    if not (written.isascii() and written.isdigit() and len(written) < 9 and int(written) <= MOST_MINUTES):
        raise NotMappable("minutesToEscalation", f"it is not a number of minutes up to {MOST_MINUTES:,}")
    return Action(int(written), target_of(element, teams), tuple(notified(element, teams)))
