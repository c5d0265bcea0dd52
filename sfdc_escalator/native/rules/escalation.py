"""An entry of an escalation rule: a clock, and what happens when it runs out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.native.criteria.criteria import criteria_of
from sfdc_escalator.native.criteria.tree import said_list
from sfdc_escalator.native.policy.draft import Entry
from sfdc_escalator.native.remark import Remark
from sfdc_escalator.native.rules.actions import Action, actions_of
from sfdc_escalator.native.rules.book import CASE_OF_LETTERS, Book, attempt, is_fenced, line_of, status_of, strangers
from sfdc_escalator.native.rules.hours import Calendar, calendar_of
from sfdc_escalator.native.rules.targets import called
from sfdc_escalator.native.source.element import Element

KNOWN = frozenset(
    {
        "booleanFilter", "businessHours", "businessHoursSource", "criteriaItems", "disableEscalationWhenModified",
        "escalationAction", "escalationStartTime", "formula", "notifyCcRecipients", "senderEmail", "senderName",
        "replyToEmail", "template", "team", "overrideExistingTeams", "assignedTo", "assignedToType",
    }
)  # fmt: skip
CREATION, MODIFIED = "CaseCreation", "CaseLastModified"
RESTARTS = "any save restarts Salesforce's clock; here only messages of people do"
TOUCHED = "any change of the case ends it in Salesforce; here only a message of an agent does"


@dataclass(frozen=True, slots=True)
class Escalation:
    """The result of one entry; `condition` are its criteria alone. `waits`: it has a clock."""

    entry: Entry
    condition: Condition
    acts: bool = False
    waits: bool = False


def escalation_entry(book: Book, number: int, entry: Element) -> Escalation:
    criteria = criteria_of(entry, book.material.fields)
    found = list[Remark]()
    strangers(entry, KNOWN, found)
    calendar = attempt(lambda: calendar_of(entry, book.material.hours, found), entry, found)
    idles = start_of(entry, found)
    actions = actions_of(entry, book.draft.teams, found)
    unless = untouched(entry, found)
    if criteria.has_formula:
        found += book.once.remark(line_of(entry, "formula"), "formula", CASE_OF_LETTERS)
    remarks = [*criteria.remarks, *book.once.keep(found)]
    first = entry.first("escalationAction")
    name = book.draft.route_names.take(called(first) if first is not None else "", f"entry-{number}")
    if is_fenced(remarks):
        return Escalation(book.fence(name, number, entry, criteria, remarks), criteria.condition)
    if not actions:
        kept = [one for one in remarks if one.weight == "remark"]
        return Escalation(book.idle(name, number, entry, criteria, kept), criteria.condition)
    body = body_of(
        actions, said_list(criteria.condition), clock_of(idles, actions[0].minutes, calendar), calendar, unless
    )
    if actions[0].minutes == 0 and book.material.reads_all(criteria.condition):
        body = {"when": body["when"], "scan": True, **body}
    book.route(name, number, entry, remarks, body)
    book.draft.notifies |= any(one.notify for one in actions)
    minutes, rungs = actions[0].minutes, tuple(one.minutes - actions[0].minutes for one in actions[1:])
    made = Entry(number, entry.line, status_of(remarks), name, minutes, rungs, tuple(remarks))
    return Escalation(made, criteria.condition, True, minutes > 0 or bool(unless))


def start_of(entry: Element, remarks: list[Remark]) -> bool:
    """True where the clock starts again with each change of the case."""
    start = entry.first("escalationStartTime")
    if start is None or start.text in (CREATION, ""):
        return False
    if start.text != MODIFIED:
        remarks.append(
            Remark(start.line, start.text, "this start of a clock is not known", f"{CREATION} or {MODIFIED}")
        )
        return False
    remarks.append(Remark(start.line, start.text, RESTARTS, "idle", "warned"))
    return True


def untouched(entry: Element, remarks: list[Remark]) -> list[Mapping[str, Any]]:
    flag = entry.first("disableEscalationWhenModified")
    if flag is None or not flag.is_true:
        return []
    remarks.append(Remark(flag.line, flag.name, TOUCHED, "spoke", "warned"))
    return [{"spoke": "agent"}]


def clock_of(idles: bool, minutes: int, calendar: Calendar) -> list[Mapping[str, Any]]:
    if minutes == 0:
        return []
    start = {"idle": "anyone"} if idles else {"age": "CreatedDate"}
    return [{**start, "at_least": f"{minutes}m", **({"calendar": calendar} if calendar else {})}]


def body_of(
    actions: Sequence[Action],
    when: list[Any],
    clock: list[Any],
    calendar: Calendar,
    unless: list[Any],
) -> Mapping[str, Any]:
    first, *later = actions
    ladder = [rung_of(one, one.minutes - first.minutes, calendar) for one in later]
    return {
        "when": [*when, *clock],
        **({"unless": unless} if unless else {}),
        "escalate": {"queue": first.team} if first.team else "none",
        **({"notify": list(first.notify)} if first.notify else {}),
        **({"ladder": ladder} if ladder else {}),
    }


def rung_of(action: Action, after: int, calendar: Calendar) -> Mapping[str, Any]:
    return {
        "after": f"{after}m",
        **({"calendar": calendar} if calendar else {}),
        **({"escalate": {"queue": action.team}} if action.team else {}),
        **({"notify": list(action.notify)} if action.notify else {}),
        "until": "closed",
    }
