"""A ledger of version 0004 gets the indexes by which no run reads the past, and rows of idle runs; it loses nothing."""

import pytest

from sfdc_escalator.escalation.outbox.queued import KEPT, NoticeState
from sfdc_escalator.ledger.trail.outbox import SqlOutbox
from sfdc_escalator.ledger.upkeep.migration import migrate
from sfdc_escalator.pipeline.ports.outbox import Settled
from tests.ledger.kinds import Kind, PostgresqlKind
from tests.ledger.sample import AT, ORG, all_of, change, escalation, start
from tests.ledger.test_migration import shape_of
from tests.notices import notice

BACK_TO_0004 = (
    *(f"DROP INDEX {name}" for name in ("escalations_by_state", "runs_by_event", "runs_by_user", "holds_that_last")),
    *(f"DROP INDEX notices_{name}" for name in ("by_state", "by_case", "by_time", "to_forget")),
    "CREATE INDEX escalations_by_state ON escalations (state, rung)",
    "CREATE INDEX ix_runs_organization_id ON runs (organization_id)",
    "CREATE INDEX notices_by_state ON notices (organization_id, state)",
    "ALTER TABLE notices DROP COLUMN forgotten",
    "DROP TABLE idle_runs",
    "ALTER TABLE leases DROP COLUMN start",
    "UPDATE alembic_version SET version_num = '0004'",
)


def become_0004(kind: Kind) -> None:
    for statement in BACK_TO_0004:
        kind.execute(statement)
    if isinstance(kind, PostgresqlKind):
        kind.execute("DROP FUNCTION counting_on")


def recorded(kind: Kind) -> None:
    """A ledger with two notices that were sent; the message of the older one was erased."""
    with kind.open() as ledger, ledger.lease(start()) as lease:
        lease.record([change(escalation(1))])
        lease.queue([notice(1), notice(2)])
        outbox = SqlOutbox(ledger, ORG, "run-1")
        outbox.settle([Settled((notice(1).id,), NoticeState.SENT, tried=AT)])
        outbox.settle([Settled((notice(2).id,), NoticeState.SENT, tried=AT + KEPT)])
        assert outbox.forget(AT + KEPT + KEPT / 2) == 1
        lease.finish({"exit": 0})


def test_a_migrated_ledger_has_the_tables_of_a_new_one_and_its_escalations(kind: Kind) -> None:
    kind.become(recorded)
    new = shape_of(kind)
    become_0004(kind)
    done = migrate(kind.where, "ann")
    assert (done.before, done.now, shape_of(kind)) == ("0004", "0005", new)
    with kind.open() as ledger:
        assert all_of(ledger) == (escalation(1),)
    assert kind.verify().problems == ()


@pytest.mark.parametrize("migrated", [False, True])
def test_a_message_is_forgotten_once(kind: Kind, migrated: bool) -> None:
    kind.become(recorded)
    if migrated:
        become_0004(kind)
        migrate(kind.where, "ann")
    assert dict(kind.execute("SELECT id, forgotten FROM notices")) == {notice(1).id: 1, notice(2).id: None}
    with kind.open() as ledger:
        outbox = SqlOutbox(ledger, ORG, "run-2")
        assert [outbox.forget(AT + 3 * KEPT) for _ in range(2)] == [1, 0]
    assert kind.verify().problems == ()
