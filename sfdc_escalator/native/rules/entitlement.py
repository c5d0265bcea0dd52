"""A milestone of an entitlement process: a route on the org's own milestone, with rungs for its later triggers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.milestone import Milestone
from sfdc_escalator.escalation.conditions.tree import All
from sfdc_escalator.native.criteria.criteria import OF_MILESTONE, Criteria, criteria_of
from sfdc_escalator.native.criteria.tree import ALWAYS, said_list
from sfdc_escalator.native.criteria.values import NotMappable
from sfdc_escalator.native.policy.draft import Entry
from sfdc_escalator.native.remark import Remark
from sfdc_escalator.native.rules.book import CASE_OF_LETTERS, Book, attempt, is_fenced, line_of, status_of, strangers
from sfdc_escalator.native.rules.workflow import PRIORITIES, Acts, acts_of
from sfdc_escalator.native.source.element import Element

UNITS = {"Minutes": 1, "Hours": 60, "Days": 1440}
TRIGGER = frozenset({"actions", "timeLength", "workflowTimeTriggerUnit"})
LATE = "a rung follows its start: the first trigger comes at the target, not after it"
ON_SUCCESS = "what Salesforce does on success is not an escalation, and is left out"
IN_HOURS = "Salesforce counts the time before and after the target in business hours, a policy counts all hours"
FORMULA = OF_MILESTONE.formula
TIMES = ("timeLength", "workflowTimeTriggerUnit")
MOST_DIGITS, MOST_MINUTES = 6, 2_000_000


@dataclass(frozen=True, slots=True)
class Trigger:
    """`minutes` relative to the target, negative before it."""

    minutes: int
    acts: Acts
    line: int


def milestone_entry(book: Book, number: int, element: Element, *, twice: bool) -> Entry:
    """`twice`: another milestone of the process has its name, so its criteria stand beside it."""
    name = element.value("milestoneName")
    remarks = list[Remark]()
    triggers = triggers_of(element, book, remarks)
    if not triggers and not is_fenced(remarks):
        kept = tuple(one for one in remarks if one.weight == "remark")
        book.draft.comments += (f"milestone {number}, {book.material.file}:{element.line}: {name}: no trigger acts",)
        return Entry(number, element.line, "idle", remarks=kept)
    criteria = criteria_of(element, book.material.fields, OF_MILESTONE) if twice else Criteria(ALWAYS, True, ())
    remarks += criteria.remarks
    if criteria.has_formula:
        remarks += book.once.remark(
            line_of(element, "milestoneCriteriaFormula"), "milestoneCriteriaFormula", CASE_OF_LETTERS
        )
    if not name:
        remarks.append(Remark(element.line, "milestoneName", "the milestone has no name"))
    route = book.draft.route_names.take(name, f"milestone-{number}")
    remarks += differences(element, book)
    if is_fenced(remarks):
        known = triggers if name and not any(one.construct in TIMES for one in remarks) else ()
        return fence(book, route, number, element, criteria, known, remarks)
    return acting(book, route, number, element, criteria.condition, triggers, remarks)


def differences(element: Element, book: Book) -> Iterator[Remark]:
    """Remarks on what Salesforce does beside the triggers, and on how it counts their time."""
    if (success := element.first("successActions")) is not None:
        yield Remark(success.line, success.name, ON_SUCCESS, weight="remark")
    if (hours := element.first("businessHours")) is not None:
        yield from book.once.remark(hours.line, hours.name, IN_HOURS)


def due(name: str, first: Trigger) -> tuple[Milestone, dict[str, Any]]:
    """The condition that the first trigger of the milestone has come, and how a policy says it."""
    if first.minutes >= 0:
        return Milestone("violated", name=name), {"milestone": "violated", "name": name}
    ahead = timedelta(minutes=-first.minutes)
    return Milestone("due", ahead, name), {"milestone": "due", "within": f"{-first.minutes}m", "name": name}


def fence(
    book: Book,
    route: str,
    number: int,
    element: Element,
    criteria: Criteria,
    triggers: Sequence[Trigger],
    remarks: Sequence[Remark],
) -> Entry:
    """A trigger whose time is not known may come at any time."""
    when = [] if criteria.condition == ALWAYS and triggers else said_list(criteria.condition)
    asked = [due(element.value("milestoneName"), triggers[0])[1]] if triggers else []
    body = {"when": [*when, *asked], "scan": True, "escalate": "none"}
    book.route(route, number, element, remarks, body, "not imported; no route below takes its cases")
    return Entry(number, element.line, "unmapped", route, remarks=tuple(remarks))


def acting(
    book: Book,
    route: str,
    number: int,
    element: Element,
    condition: Condition,
    triggers: Sequence[Trigger],
    remarks: list[Remark],
) -> Entry:
    first, *later = triggers
    name = element.value("milestoneName")
    if first.minutes > 0:
        remarks.append(Remark(first.line, "timeLength", LATE, "violated", "warned"))
    milestone, asked = due(name, first)
    when = [] if condition == ALWAYS else said_list(condition)
    scan = {"scan": True} if book.material.reads_all(All((condition, milestone))) else {}
    body = {
        "when": [*when, asked],
        **scan,
        "escalate": dict(first.acts.steps),
        **({"notify": first.acts.notify} if first.acts.notify else {}),
        **({"ladder": [rung_of(one, one.minutes - first.minutes) for one in later]} if later else {}),
    }
    book.route(route, number, element, remarks, body, name)
    book.draft.notifies |= any(one.acts.notify for one in triggers)
    rungs = tuple(one.minutes - first.minutes for one in later)
    return Entry(number, element.line, status_of(remarks), route, first.minutes, rungs, tuple(remarks))


def rung_of(trigger: Trigger, after: int) -> Mapping[str, Any]:
    notify = {"notify": trigger.acts.notify} if trigger.acts.notify else {}
    steps: dict[str, Any] = dict(trigger.acts.steps)
    if not steps and not notify:
        steps = {"note": {"help_needed": "A time trigger of the milestone has come."}}
    return {"after": f"{after}m", **({"escalate": steps} if steps else {}), **notify, "until": "closed"}


def triggers_of(element: Element, book: Book, remarks: list[Remark]) -> list[Trigger]:
    """Those that act, the earliest first; those of one minute are one."""
    by_minute: dict[int, Trigger] = {}
    for one in element.all("timeTriggers"):
        strangers(one, TRIGGER, remarks)
        if one.first("actions") is None:
            remarks.append(Remark(one.line, one.name, "a trigger without actions is dropped", weight="warned"))
            continue
        minutes = attempt(lambda one=one: minutes_of(one), one, remarks)  # type: ignore[misc]
        if minutes is None:
            continue
        acts = acts_of(one, book.material.workflow, book.draft.teams, remarks)
        if minutes in by_minute:
            there = by_minute[minutes].acts
            there.steps.update(acts.steps)
            there.notify += (new for new in acts.notify if new not in there.notify)
        else:
            by_minute[minutes] = Trigger(minutes, acts, one.line)
    found = [by_minute[minute] for minute in sorted(by_minute)]
    set_priorities(book, found)
    return found


def set_priorities(book: Book, triggers: Sequence[Trigger]) -> None:
    """Priorities that are not among the usual ones are declared, as the highest."""
    given = [value for one in triggers if (value := one.acts.steps.get("priority"))]
    known = book.draft.priorities or PRIORITIES
    folded = {one.casefold() for one in known}
    new = [value for value in dict.fromkeys(given) if value.casefold() not in folded]
    if new or any(value not in known for value in given):
        book.draft.priorities = (*known, *new)


def minutes_of(trigger: Element) -> int:
    """Raises NotMappable."""
    written, unit = trigger.value("timeLength"), trigger.value("workflowTimeTriggerUnit")
    digits = written.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS):
        raise NotMappable("timeLength", "it is not a number")
    if unit not in UNITS:
        raise NotMappable("workflowTimeTriggerUnit", "it is not a unit of time", ", ".join(UNITS))
    if abs(int(written) * UNITS[unit]) > MOST_MINUTES:
        raise NotMappable("timeLength", f"it is more than {MOST_MINUTES:,} minutes")
    return int(written) * UNITS[unit]
