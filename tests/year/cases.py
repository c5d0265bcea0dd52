"""The cases of the year: for each route of each policy a kind of case that it matches, now or after some time."""

from collections.abc import Mapping
from random import Random
from typing import NamedTuple

from sfdc_escalator.escalation.world.case import Value
from tests.year.own_clock import DAY, HOUR, OwnClock

SHORT = (HOUR, 6 * HOUR, DAY, 3 * DAY, 5 * DAY, 9 * DAY)
LONG = (HOUR, DAY, DAY, 3 * DAY, 3 * DAY, 6 * DAY, 6 * DAY, 20 * DAY, 33 * DAY, 61 * DAY)
RATINGS = ("Hot", "Warm", "Cold", None)
STATES = ("CA", "WA", "KS", "NY", None)
PRIORITIES = ("Low", "Medium", "High")


class Kind(NamedTuple):
    """Cases for one route. `acts` are the acts of people on them, `lives` the times after which they are closed;
    `together` of them come at the same time."""

    policy: str
    route: str
    fields: Mapping[str, Value] = {}
    queue: str = "Intake"
    acts: tuple[str, ...] = ()
    lives: tuple[int, ...] = SHORT
    together: int = 1


COMMON = ("take", "take", "take", "comment", "comment", "hold", "reopen", "merge")
MEMBER = (*COMMON, "calm", "alarm", "return")
CALLS = (*COMMON, "call", "call", "call", "write", "demand")
TIERS = (*COMMON, "outage")
SUCCESS = (*COMMON, "flag")
ONBOARDING = (*COMMON, "reply", "reply", "agree", "block", "flag", "reach")
OWN = (*COMMON, "calm", "legal", "legal", "raise")
KINDS = (
    Kind("member-support", "health-safety-legal", {"Subject": "Smoke came out of it"}, acts=MEMBER),
    Kind("member-support", "health-safety-legal", {"Type": "Safety"}, acts=MEMBER),
    Kind("member-support", "supervisor-request", {"Subject": "I want to speak to a manager"}, acts=MEMBER),
    Kind("member-support", "repeated-returns", {"Reason": "Return"}, acts=MEMBER),
    Kind("member-support", "agent-flagged", {"IsEscalated": True}, acts=MEMBER),
    Kind("supervisor-callback", "supervisor-demanded", {"Type": "Supervisor Call Back"}, acts=CALLS),
    Kind("supervisor-callback", "lead-callback", {"Type": "Lead Call Back"}, acts=CALLS),
    Kind("tiered-support", "severe", {"Type": "Outage", "Account.Rating": "Hot"}, acts=TIERS),
    Kind("tiered-support", "many-customers", {"Type": "Problem", "Reason": "Breakdown"}, acts=TIERS, together=5),
    Kind("tiered-support", "unresolved", {}, "Tier_1_Support", acts=TIERS),
    Kind("tiered-support", "unresolved-by-tier-2", {}, "Tier_2_Support", acts=TIERS),
    Kind("customer-success", "raised-by-anyone", {"IsEscalated": True}, acts=SUCCESS, lives=LONG),
    Kind("customer-success", "escalation-point", {}, acts=SUCCESS, lives=LONG),
    Kind("customer-success", "customer-waiting", {}, acts=SUCCESS, lives=LONG),
    Kind("customer-success", "wrong-start", {"Type": "Electronic"}, "Unsorted", acts=SUCCESS, lives=LONG),
    Kind("onboarding", "sensitive-issue", {"IsEscalated": True}, acts=ONBOARDING),
    Kind("onboarding", "deadlock", {"Status": "On Hold"}, acts=ONBOARDING, lives=LONG),
    Kind("onboarding", "unresponsive", {}, acts=ONBOARDING, lives=LONG),
    Kind("onboarding", "not-yet-tried", {}, acts=ONBOARDING, lives=LONG),
    *(Kind("year", name, {}, acts=OWN) for name in ("outage", "callback", "request", "night")),
)


def fields_of(kind: Kind, number: int, rng: Random) -> dict[str, Value]:
    """The fields of a new case of this kind."""
    fields: dict[str, Value] = {"Origin": kind.policy, "Subject": f"{kind.route} {number}", "IsEscalated": False}
    fields |= {"Account.Rating": rng.choice(RATINGS), "Priority": rng.choice(PRIORITIES), "Type": "Question"}
    if kind.policy == "onboarding":
        fields["Type"] = "Onboarding"
    return {**fields, "Account.BillingState": rng.choice(STATES), **kind.fields}


BRIEFLY = {"wrong-start": HOUR, "many-customers": 4 * HOUR}
"""Routes that match only so long after the arrival."""


def matches_at(kind: Kind, fields: Mapping[str, Value], clock: OwnClock, created: int) -> int:
    """The tick from which on the route matches such a case if nobody acts."""
    limits = {"High": 2 * HOUR, "Medium": 8 * HOUR}
    levels = {"Hot": HOUR, "Warm": 4 * HOUR, "Cold": 8 * HOUR}
    match kind.route:
        case "unresolved":
            return clock.reached("tiers", [], created, limits.get(str(fields["Priority"]), 16 * HOUR))
        case "unresolved-by-tier-2":
            more = {"High": 18 * HOUR, "Medium": 24 * HOUR}
            return clock.reached("tiers", [], created, more.get(str(fields["Priority"]), 32 * HOUR))
        case "customer-waiting":
            return clock.reached("success", [], created, levels.get(str(fields["Account.Rating"]), 16 * HOUR))
        case "deadlock":
            return created + 3 * DAY
        case "unresponsive" | "not-yet-tried":
            return created + 14 * DAY
    return created
