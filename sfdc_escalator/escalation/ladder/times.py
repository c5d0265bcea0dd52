"""The times of a ladder and the due time for one case: what tables give, and the calendars that count."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clocks.stopped_clock import calendar_of
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.ladder.deadline import due_in, end_of_day
from sfdc_escalator.escalation.ladder.progress import Times
from sfdc_escalator.escalation.policy.ladder import After, BeforeDue, Due, DueIn, EndOfDay, Ladder, Rung, Time
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.policy.team import Team
from sfdc_escalator.escalation.world.case import Case


def times_of(ladder: Ladder, case: Case, circumstances: Circumstances) -> tuple[Times, ...]:
    """The times of each rung, in the order of the file. A rung whose time or calendar is not known for this case is
    left out."""
    return tuple(found for rung in ladder.rungs for found in times_of_rung(rung, case, circumstances))


def times_of_rung(rung: Rung, case: Case, circumstances: Circumstances) -> Iterator[Times]:
    when, every = rung.when, rung.repeat.every if rung.repeat else None
    if not isinstance(when, After):
        time = given(when.time, case)
        if time is not None:
            from_due = -time if isinstance(when, BeforeDue) else time
            yield Times(rung.id, rung.until, None, from_due, None, every, rung.turns)
        return
    limit = when.time.value(case) if isinstance(when.time, Table) else when.time
    calendar = calendar_of(when.calendar, case, circumstances)
    if limit is not None and (calendar is not None or when.calendar is None):
        yield Times(rung.id, rung.until, limit, None, calendar, every, rung.turns, f"{limit}")


def given(time: Time, case: Case) -> timedelta | None:
    return time.value(case) if isinstance(time, Table) else time


def due_of(due: Due | None, case: Case, circumstances: Circumstances) -> datetime | None:
    """The due time of an escalation that is planned now; None where there is none for this case."""
    if due is None:
        return None
    if isinstance(due, DueIn):
        time = given(due.time, case)
        return None if time is None else due_in(circumstances.now, time)
    calendar = calendar_of(due.calendar, case, circumstances)
    return end_of_day(circumstances.now, calendar, due.at_least) if calendar else None


def zone_of_due(policy: Policy, route: Route, case: Case, circumstances: Circumstances) -> ZoneInfo:
    """The zone in which the times of an escalation are shown: that of the calendar whose day ends at its due time, else
    that of the responsible team."""
    calendar = calendar_of(route.due.calendar, case, circumstances) if isinstance(route.due, EndOfDay) else None
    return calendar.zone if calendar else policy.zone_of(team_of(route, case))


def team_of(route: Route, case: Case) -> str:
    """The responsible team: the one to which the route hands the case, or the first that it notifies."""
    wanted = route.escalate.steps.get("queue") if route.escalate else None
    team = wanted.value(case) if isinstance(wanted, Table) else wanted
    if isinstance(team, Team):
        return team.name
    return next((str(who.name) for who in route.notify.now if who.kind == "team"), "")
