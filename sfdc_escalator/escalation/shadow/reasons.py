"""The likely reason for which both sides did not do the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sfdc_escalator.escalation.shadow.acts import OurAct
from sfdc_escalator.escalation.shadow.comparison import WITHIN, Kind, Pair
from sfdc_escalator.escalation.shadow.rules import Change

Code = Literal["order", "user_edit", "history_off", "recent", "hourly", "limit", "kept", "not_in_policies", "criteria"]
AN_HOUR = timedelta(hours=1)
"""Salesforce looks for cases to escalate about once an hour."""


@dataclass(frozen=True, slots=True)
class Reason:
    """`other` is what the other side did instead, `edit` the change of a person, `fields` those without a history,
    `route` the one that kept the case."""

    code: Code
    other: Pair | None = None
    edit: Change | None = None
    fields: tuple[str, ...] = ()
    route: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The facts about the case of a pair.

    `pairs` are all of its pairs, `edits` the changes by people, oldest first. `unedited` are the acts of the policies
    had nobody edited the case. `untold` are the fields without a history that the routes read; `is_untold` is True
    where the case was changed later than its history shows. `is_possible`: some route does such a thing. `kept_by` is
    the route that kept the case and did nothing, as `policy/route`.
    """

    pairs: Sequence[Pair]
    edits: Sequence[Change]
    unedited: Sequence[OurAct]
    untold: tuple[str, ...]
    is_untold: bool
    is_possible: bool
    kept_by: str
    now: datetime


def reason_of(pair: Pair, known: Evidence) -> Reason | None:
    """None for what is equal."""
    if pair.kind == "equal":
        return None
    found = (rule(pair, known) for rule in RULES[pair.kind])
    return next(filter(None, found), Reason("criteria" if pair.kind.startswith("only") else "limit"))


def other_order(pair: Pair, known: Evidence) -> Reason | None:
    """The other side did something else to the same field."""
    wanted = "only theirs" if pair.ours else "only ours"
    for other in known.pairs:
        same = other.kind == wanted and other.effect.field == pair.effect.field
        if same and not is_assignment_apart(pair, other):
            return Reason("order", other=other)
    return None


def is_assignment_apart(pair: Pair, other: Pair) -> bool:
    """True where one is an assignment at the creation of the case, and the other comes later."""
    theirs = pair.theirs or other.theirs
    return theirs is not None and theirs.at_creation and abs(pair.times[0] - other.times[0]) > WITHIN


def edit_in_the_way(pair: Pair, known: Evidence) -> Reason | None:
    """Without the changes of people the policies would have done the same, at the same time or at another one."""
    at = pair.theirs.at if pair.theirs else known.now
    for act in known.unedited:
        same_time = pair.kind == "only theirs" or abs(act.at - at) <= WITHIN
        if act.effect.key == pair.effect.key and same_time:
            before = [one for one in known.edits if one[1].at <= max(act.at, at)]
            return Reason("user_edit", edit=before[-1]) if before else None
    return None


def edit_restarts(pair: Pair, known: Evidence) -> Reason | None:
    """A change by a person ends the clock of a rule, or starts it again."""
    before = [one for one in known.edits if one[1].at <= max(pair.times)]
    return Reason("user_edit", edit=before[-1]) if before else None


def untold_change(pair: Pair, known: Evidence) -> Reason | None:  # noqa: ARG001
    return Reason("history_off", fields=known.untold) if known.is_untold and known.untold else None


def history_off(pair: Pair, known: Evidence) -> Reason | None:  # noqa: ARG001
    return Reason("history_off", fields=known.untold) if known.untold else None


def kept(pair: Pair, known: Evidence) -> Reason | None:  # noqa: ARG001
    return Reason("kept", route=known.kept_by) if known.kept_by else None


def not_in_policies(pair: Pair, known: Evidence) -> Reason | None:  # noqa: ARG001
    return None if known.is_possible else Reason("not_in_policies")


def recent(pair: Pair, known: Evidence) -> Reason | None:
    """The other side may still act."""
    wait = AN_HOUR if pair.ours else WITHIN
    return Reason("recent") if known.now - pair.times[0] <= wait else None


def hourly(pair: Pair, known: Evidence) -> Reason | None:  # noqa: ARG001
    return Reason("hourly") if pair.apart <= AN_HOUR else None


Rule = Callable[[Pair, Evidence], Reason | None]
RULES: dict[Kind, tuple[Rule, ...]] = {
    "only theirs": (other_order, edit_in_the_way, kept, not_in_policies, recent, history_off),
    "only ours": (other_order, untold_change, recent, edit_restarts, history_off),
    "earlier": (edit_restarts, untold_change, hourly),
    "later": (edit_in_the_way, untold_change),
}
"""The first that finds a reason counts."""
