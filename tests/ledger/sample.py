"""Escalations, changes and starts of runs for the ledger's tests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.keys import Identity
from sfdc_escalator.escalation.world.ladder_facts import Acknowledged, LadderFacts, Moved
from sfdc_escalator.ledger.store import SqlHistory
from sfdc_escalator.ledger.tables.schema import escalations
from sfdc_escalator.pipeline.ports.ledger import Change, RunStart

ORG = "00D000000000001EAA"
OTHER_ORG = "00D000000000002EAA"
USER = "005000000000001AAA"
WROTE = {"OwnerId": "00G000000000002AAA", "Status": "Open", "Priority": "Urgent"}
AT = datetime(2026, 3, 2, 15, 0, 30, 250_000, tzinfo=UTC)
EVENT_OF = {
    EscalationState.SENDING: "intended",
    EscalationState.APPLIED: "applied",
    EscalationState.REJECTED: "rejected",
    EscalationState.UNKNOWN: "unknown",
    EscalationState.PLANNED: "returned",
    EscalationState.ADOPTED: "adopted",
    EscalationState.SUPERSEDED: "superseded",
    EscalationState.GONE: "gone",
    EscalationState.CLOSED: "closed",
    EscalationState.SKIPPED: "skipped",
    EscalationState.WITHHELD: "withheld",
    EscalationState.UNDONE: "undone",
}
LADDER = LadderFacts(
    started=AT,
    due=AT + timedelta(days=1),
    acknowledged=Acknowledged(AT + timedelta(hours=2), USER, "owner"),
    moved={"late": Moved(AT + timedelta(hours=1), timedelta(minutes=30, microseconds=7), "after 30m")},
    proved=("spoke",),
    exhausted=AT + timedelta(days=1),
    origin="500000000000009AAA",
)


def start(run: str = "run-1", organization: str = ORG, user: str = USER) -> RunStart:
    return RunStart(run, organization, user, {"support": "digest-of-support"})


def escalation(
    number: int = 1, state: EscalationState = EscalationState.SENDING, organization: str = ORG
) -> Escalation:
    case_id = f"500{number:012}AAA"
    return Escalation(
        Identity(organization, "support", "supervisor", case_id).key,
        "support",
        "supervisor",
        case_id,
        state,
        before={"OwnerId": "00G000000000001AAA", "Status": "New", "Priority": None},
        wrote=WROTE,
        attempts=1,
        tried_at=AT,
        case_number="00001234",
    )


def all_of(ledger: SqlHistory, organization: str = ORG) -> tuple[Escalation, ...]:
    """All escalations that the ledger has of the org, over or not."""
    with ledger.reading() as connection:
        ours = sa.select(escalations.c.key).where(escalations.c.organization_id == organization)
        keys = connection.scalars(ours).all()
    return ledger.past(organization, (), keys)


def turn(
    rung: str = "late", number: int = 1, turn: int = 1, state: EscalationState = EscalationState.APPLIED
) -> Escalation:
    """A turn of a rung of the escalation with this number, which wrote nothing."""
    start = escalation(number)
    identity = Identity(ORG, start.policy, start.route, start.case_id, rung, turn=turn)
    moment = AT + timedelta(hours=turn)
    found = Escalation.of(identity, state, before={}, wrote={}, tried_at=AT + timedelta(days=1), moment=moment)
    return replace(found, case_number=start.case_number)


def change(
    one: Escalation, state: EscalationState | None = None, *, event: str | None = None, note: str | None = None
) -> Change:
    """`one` in its own state or in `state`, recorded by the usual event."""
    moved = one if state is None else replace(one, state=state)
    return Change(
        event or EVENT_OF[moved.state], moved, moved.case_number, "digest-of-support", ("it waits",), note, "call-7"
    )
