"""A hold that a person wants: checked against the org and the ledger before it is stored. Reads only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sfdc_escalator.errors import Invalid
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.time.durations import parse_duration
from sfdc_escalator.escalation.world.case import Case, utc
from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.ladder_facts import Hold
from sfdc_escalator.escalation.world.org import Caller
from sfdc_escalator.pipeline.ports.org import Org
from sfdc_escalator.pipeline.preparing.prepare import poll_one

LONGEST = timedelta(days=30)
MOST_CHARACTERS = 500
UNTIL_FORM = "a time with its zone such as 2026-03-02T18:00:00Z, or a duration such as 4h or 2d"


@dataclass(frozen=True, slots=True)
class WantedHold:
    """The words of the person: until when (a time or a duration), why, who, and for which route."""

    until: str
    why: str
    by: str
    route: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """The holds of a case, and the open escalations that become due while they last."""

    case_number: str
    holds: tuple[Hold, ...]
    inside_due: tuple[Escalation, ...] = ()


def the_case(org: Org, caller: Caller, policies: Sequence[Policy], name: str) -> Case:
    """The case with this number or id. Raises Invalid."""
    return poll_one(org, policies, org.facts(caller, policies), name)[0]


def held_case(history: History, name: str) -> tuple[str, str] | None:
    """The id and the number of the case of this name that has a hold. The org may not have the case any more: it was
    merged into another, or deleted."""
    for hold in history.holds:
        number = hold.case_number
        if hold.kind == "hold" and name in (number, number.lstrip("0"), hold.case_id, hold.case_id[:15]):
            return hold.case_id, number
    return None


def open_case(org: Org, caller: Caller, policies: Sequence[Policy], name: str) -> Case:
    """The same, where it is open. Raises Invalid."""
    case = the_case(org, caller, policies, name)
    now = org.cases_now([case.id], frozenset(), frozenset()).get(case.id)
    if now is None or now.is_deleted or now.is_closed:
        raise Invalid(f"case {case.number} is closed: nothing is escalated on it, so there is nothing to hold")
    return case


def held(case: Case, history: History, policies: Sequence[Policy], wanted: WantedHold, now: datetime) -> Held:
    """The holds that the person wants. Raises Invalid with all that is wrong."""
    until, why = until_of(wanted.until, now), why_of(wanted.why)
    holds = tuple(
        Hold(case.id, case.number, now, until, why, wanted.by, policy=policy, route=wanted.route or "")
        for policy in policies_of(policies, wanted.route)
    )
    inside = (
        one
        for one in history.starts()
        if one.case_id == case.id and one.is_open and one.ladder and any(covers(hold, one, policies) for hold in holds)
        if one.ladder.due and now < one.ladder.due <= until
    )
    return Held(case.number, holds, tuple(inside))


def covers(hold: Hold, start: Escalation, policies: Iterable[Policy]) -> bool:
    """True where the hold is for the route of the escalation, which may have been renamed since."""
    routes = (route for policy in policies if policy.name == start.policy for route in policy.routes)
    names = next((route.names for route in routes if start.route in route.names), {start.route})
    return any(hold.covers(start.policy, name) for name in names)


def policies_of(policies: Sequence[Policy], route: str | None) -> tuple[str, ...]:
    """The policies that have the route; `` stands for every policy, where no route is named. Raises Invalid."""
    if route is None:
        return ("",)
    found = tuple(policy.name for policy in policies if any(one.name == route for one in policy.routes))
    if not found:
        names = sorted({one.name for policy in policies for one in policy.routes})
        raise Invalid(f"no policy has a route {route!r}; there are: {', '.join(names)}")
    return found


def until_of(text: str, now: datetime) -> datetime:
    """The end of the hold. Raises Invalid for a text that is not a time, a past time, or more than 30 days."""
    until = parsed(text, now)
    if until <= now:
        raise Invalid(f"--until {text} is not in the future: in the org it is {now:%Y-%m-%d %H:%M} UTC")
    if until > now + LONGEST:
        latest = f"{now + LONGEST:%Y-%m-%d %H:%M} UTC"
        raise Invalid(f"--until {text} is too far ahead: a hold lasts 30 days at most, until {latest}")
    return until


def parsed(text: str, now: datetime) -> datetime:
    try:
        return (now + parse_duration(text)).replace(microsecond=0)
    except (ValueError, OverflowError):
        pass
    try:
        return utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise Invalid(f"--until {text!r} is not a time: expected {UNTIL_FORM}") from None


def why_of(text: str, advice: str = "say why nobody shall be called") -> str:
    """The reason in one line. Raises Invalid where it is empty or too long."""
    why = " ".join(text.split())
    if not why:
        raise Invalid(f"--why is empty: {advice}, for those who wonder")
    if len(why) > MOST_CHARACTERS:
        raise Invalid(f"--why has {len(why)} characters: expected {MOST_CHARACTERS} at most")
    return why
