"""The notices that the end of a match yields: who is to be notified of what, as plain values."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal, NamedTuple

from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.decisions.climbs import LATE
from sfdc_escalator.escalation.decisions.match import Match
from sfdc_escalator.escalation.decisions.on_ladder import OnLadder
from sfdc_escalator.escalation.decisions.outcome import Outcome, State
from sfdc_escalator.escalation.policy.telling import Recipient
from sfdc_escalator.escalation.time.zones import clock_text
from sfdc_escalator.escalation.world.history import EscalationState

NOTIFIED = (State.APPLIED, State.REJECTED, State.WITHHELD)
"""The ends of a rung of which people are notified: it counts as climbed, though its move may wait."""


class Notice(NamedTuple):
    """One notice to one recipient: a team, a person by a path, or a channel. `moved` says why a move waits; `late_by`
    are the seconds since the moment of a rung, where they are many. `due_text` is the due time as a clock of the
    responsible team shows it."""

    kind: Literal["start", "rung", "exhausted"]
    key: str
    case_number: str
    policy: str
    route: str
    rung: str
    turn: int
    to: str
    urgent: bool
    digest: bool
    due: datetime | None
    late_by: int
    moved: str
    due_text: str = ""


def notices_of(match: Match, outcome: Outcome, now: datetime) -> Iterator[Notice]:
    """The notices of a start that was applied, and of a rung that was carried out. A move that is tried again yields
    none: they went out before."""
    again = match.escalation and match.escalation.state in (EscalationState.REJECTED, EscalationState.WITHHELD)
    if match.rung is None:
        if outcome.state is not State.APPLIED:
            return
        wanted = match.route.notify
    else:
        if outcome.state not in NOTIFIED or again:
            return
        wanted = match.rung.notify
    late = int((now - match.moment).total_seconds()) if match.moment else 0
    for digest, recipients in ((False, wanted.now), (True, wanted.digest)):
        for one in recipients:
            yield Notice(
                kind="rung" if match.rung else "start",
                key=outcome.key,
                case_number=outcome.case_number,
                policy=outcome.policy,
                route=outcome.route,
                rung=outcome.rung,
                turn=outcome.turn,
                to=name_of(one, match),
                urgent=one.urgent,
                digest=digest,
                due=outcome.due,
                late_by=late if late > LATE else 0,
                moved="" if outcome.state is State.APPLIED else outcome.state.value,
                due_text=match.due_text,
            )


def exhausted_notice(one: OnLadder, accountable: str) -> Notice | None:
    """The notice that no rung is left and nobody acted; it goes to the team that is accountable for the policy."""
    if not accountable:
        return None
    start = one.start
    return Notice(
        kind="exhausted",
        key=start.key,
        case_number=one.case.number,
        policy=start.policy,
        route=one.route.name,
        rung=start.rung,
        turn=start.turn,
        to=f"team {accountable}",
        urgent=False,
        digest=False,
        due=one.facts.due,
        late_by=0,
        moved="",
        due_text=clock_text(one.facts.due, one.zone) if one.facts.due else "",
    )


def name_of(recipient: Recipient, match: Match) -> str:
    """The recipient as the policy names it; of a table the team that it gives for this case."""
    name = recipient.name
    given = name.value(match.case) if isinstance(name, Table) else name
    return f"{'team' if recipient.kind == 'table' else recipient.kind} {given or 'of no row'}"
