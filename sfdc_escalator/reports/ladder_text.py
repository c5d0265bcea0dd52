"""A ladder in words: clock times, the standing of an open escalation, and what comes next."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sfdc_escalator.escalation.time.zones import clock_text
from sfdc_escalator.escalation.world.ladder_facts import Acknowledged, Hold, StandingState
from sfdc_escalator.pipeline.read_models.open_escalation import Climbed, OpenEscalation
from sfdc_escalator.reports.values import visible

UTC = ZoneInfo("UTC")
NEAR = timedelta(days=6)
"""Within this time the day of the week says which day is meant."""
UNTIL = {"acknowledged": "somebody takes it", "closed": "the case is closed"}
NO_NEXT = {
    StandingState.ACKNOWLEDGED: "no rung is left",
    StandingState.EXHAUSTED: "no rung is left, and nobody acted",
    StandingState.ASIDE: "no rung takes part: all came into the policy after the start",
    StandingState.REMOVED: "the policy no longer has this route",
    StandingState.NO_LADDER: "the route has no ladder",
    StandingState.HELD: "no rung is left",
    StandingState.RUNNING: "the next run reads the start note",
}


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """The zone with this name; UTC where this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return UTC


def clock(at: datetime, zone: ZoneInfo, now: datetime | None) -> str:
    """The time as people in this zone read it: `Tue 10:01 CST`, with the date where it is far from now."""
    if now is None or abs(at - now) > NEAR:
        return clock_text(at, zone)
    return f"{at.astimezone(zone):%a %H:%M %Z}"


def ladder_text(one: OpenEscalation, zone: ZoneInfo, now: datetime, until: str = "") -> str:
    """The standing of the escalation. `until` is that of the rung that comes next."""
    return "\n".join(visible(line) for line in ladder_lines(one, zone, now, until))


def ladder_lines(one: OpenEscalation, zone: ZoneInfo, now: datetime, until: str) -> Iterator[str]:
    started = f", started {clock(one.started, zone, now)}" if one.started else ""
    due = f", due {clock(one.due, zone, now)}" if one.due else ""
    yield f"ladder of {one.route} ({one.start.key}): {state_words(one.state)}{started}{due}"
    if one.acknowledged:
        yield f"  {acknowledged_text(one.acknowledged, zone, now)}"
    for turn in one.climbed:
        yield f"  {climbed_text(turn, zone, now)}"
    if one.hold:
        yield f"  {held_text(one.hold, zone, now)}"
    yield f"  {next_text(one, zone, now, until)}"
    if one.standing.aside and one.state is not StandingState.ASIDE:
        yield f"  aside, because newer than the escalation: {', '.join(one.standing.aside)}"


def state_words(state: StandingState) -> str:
    return state.value.replace("_", " ")


def acknowledged_text(one: Acknowledged, zone: ZoneInfo, now: datetime) -> str:
    by = f" by {one.by}" if one.by else ""
    return f"acknowledged{by} at {clock(one.at, zone, now)} ({one.how})"


def climbed_text(one: Climbed, zone: ZoneInfo, now: datetime) -> str:
    if one.at is None:
        was_due = f" (was due {clock(one.moment, zone, now)})" if one.moment else ""
        return f"skipped {named(one.rung, one.turn)}{was_due}"
    return f"climbed {named(one.rung, one.turn)} at {clock(one.at, zone, now)}"


def named(rung: str, turn: int) -> str:
    """The rung, with the turn where it is a repetition."""
    return rung if turn <= 1 else f"{rung} (turn {turn})"


def held_text(hold: Hold, zone: ZoneInfo, now: datetime | None) -> str:
    until = f" until {clock(hold.until, zone, now)}" if hold.until else ""
    return f"held{until} by {hold.by}: {hold.why}"


def next_text(one: OpenEscalation, zone: ZoneInfo, now: datetime, until: str) -> str:
    """`next: late, Tue 10:01 CST, unless somebody takes it`"""
    standing = one.standing
    if not standing.rung:
        return NO_NEXT[standing.state]
    at = f", {clock(standing.at, zone, now)}" if standing.at else ""
    late = " (the next run climbs it)" if standing.at and standing.at <= now and one.hold is None else ""
    unless = f", unless {UNTIL[until]}" if until in UNTIL else ""
    return f"next: {named(standing.rung, standing.turn)}{at}{late}{unless}"
