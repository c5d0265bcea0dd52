"""Rule L22: no notice waits past its time without a reason, and the check stays cheap."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.outbox.queued import NoticeState
from sfdc_escalator.escalation.world.policy_use import PolicyUse
from sfdc_escalator.escalation.world.waitlist import Waitlist
from sfdc_escalator.ledger.store import SqlLedger
from sfdc_escalator.ledger.trail.notices_by_hand import retry
from sfdc_escalator.ledger.trail.outbox import SqlOutbox
from sfdc_escalator.pipeline.ports.ledger import RunEnd
from sfdc_escalator.pipeline.ports.outbox import Settled
from tests.ledger.kinds import Kind, SqliteKind
from tests.ledger.notices import queue
from tests.ledger.sample import ORG, start
from tests.notices import NOW as STARTED
from tests.notices import notice

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WAITING, SENT, UNDELIVERED = NoticeState.WAITING, NoticeState.SENT, NoticeState.UNDELIVERED


@pytest.fixture
def ledger(kind: Kind) -> Iterator[SqlLedger]:
    with kind.open() as opened:
        yield opened


def watch(ledger: SqlLedger, before: datetime, policy: str = "support") -> None:
    """Two runs of the policy: the first one at this time, the second a minute later."""
    use = PolicyUse("digest", STARTED, before, watched=before + MINUTE, watched_before=before)
    with ledger.lease(start(f"run {before} {policy}")) as lease:
        lease.finish({"exit": 0}, RunEnd(Waitlist(), {policy: use}))


def tried(outbox: SqlOutbox, one: Notice, state: NoticeState, at: datetime, again: datetime | None = None) -> None:
    assert outbox.claim([row for row in outbox.queued() if row.id == one.id], one.id, at)
    outbox.settle([Settled((one.id,), state, "" if state is SENT else "HTTP 503", tried=at, at=again)])


def passed_by(ledger: SqlLedger) -> list[tuple[str, str]]:
    return [(one.key, one.why) for one in ledger.self_check(ORG).problems]


WHY = "the notice {} to leads by desk was to be sent at 2026-03-02 15:00 UTC, and runs passed by it"


def test_a_notice_that_two_runs_passed_by_is_named(ledger: SqlLedger) -> None:
    one = notice()
    queue(ledger, one)
    watch(ledger, STARTED)
    assert passed_by(ledger) == []  # the first of these runs may have queued it
    watch(ledger, STARTED + MINUTE)
    assert passed_by(ledger) == [(one.subject.key, WHY.format(one.id[:8]))]


def test_a_notice_whose_time_has_not_come_is_not_named(ledger: SqlLedger) -> None:
    outbox = queue(ledger, notice(at=STARTED + DAY), notice(2))
    outbox.settle([Settled((notice(2).id,), WAITING, at=STARTED + DAY, held=True)])
    watch(ledger, STARTED + 10 * MINUTE)
    assert passed_by(ledger) == []


@pytest.mark.parametrize("state", [SENT, UNDELIVERED, NoticeState.DROPPED])
def test_a_notice_that_ended_is_not_named(ledger: SqlLedger, state: NoticeState) -> None:
    tried(queue(ledger, notice()), notice(), state, STARTED)
    watch(ledger, STARTED + 10 * MINUTE)
    assert passed_by(ledger) == []


def test_a_channel_that_fails_is_a_reason_for_all_its_notices(ledger: SqlLedger) -> None:
    """A channel that failed twice in a run is left for the next one."""
    one, other, elsewhere = notice(1), notice(2), notice(3, channel="pager")
    outbox = queue(ledger, one, other, elsewhere)
    now = STARTED + 3 * DAY
    tried(outbox, one, WAITING, now)
    watch(ledger, now)
    assert [key for key, _ in passed_by(ledger)] == [elsewhere.subject.key]
    watch(ledger, now + MINUTE)
    assert len(passed_by(ledger)) == 3


def test_a_channel_that_was_busy_is_a_reason_for_a_day(ledger: SqlLedger) -> None:
    """A run sends for a minute; the rest waits for the next one."""
    one, other = notice(1), notice(2)
    outbox = queue(ledger, one, other)
    tried(outbox, one, SENT, STARTED + DAY)
    watch(ledger, STARTED + DAY - MINUTE)
    assert passed_by(ledger) == []
    watch(ledger, STARTED + DAY)
    assert [key for key, _ in passed_by(ledger)] == [other.subject.key]


def test_a_notice_whose_next_try_runs_passed_by_is_named(ledger: SqlLedger) -> None:
    tried(queue(ledger, notice()), notice(), WAITING, STARTED, again=STARTED + MINUTE)
    watch(ledger, STARTED + MINUTE)
    assert passed_by(ledger) == []
    watch(ledger, STARTED + 2 * MINUTE)
    assert len(passed_by(ledger)) == 1


def test_a_notice_that_a_person_retried_is_checked_like_a_new_one(ledger: SqlLedger) -> None:
    one = notice()
    tried(queue(ledger, one), one, UNDELIVERED, STARTED)
    retry(ledger, ORG, [one.id], "ann")
    watch(ledger, STARTED + MINUTE)
    assert len(passed_by(ledger)) == 1


def test_a_notice_of_a_policy_that_no_run_takes_any_more_is_named(ledger: SqlLedger) -> None:
    one = notice()
    queue(ledger, one)
    watch(ledger, STARTED + 10 * MINUTE, "another")
    assert passed_by(ledger) == [(one.subject.key, WHY.format(one.id[:8]))]


def test_a_ledger_without_two_runs_names_nothing(ledger: SqlLedger) -> None:
    queue(ledger, notice())
    assert passed_by(ledger) == []


@contextmanager
def statements(ledger: SqlLedger) -> Iterator[list[str]]:
    """The statements that the ledger executes meanwhile."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


@pytest.mark.parametrize("late", [False, True])
def test_the_check_asks_as_often_for_many_notices_as_for_one(sqlite_kind: SqliteKind, late: bool) -> None:
    def asked(count: int) -> int:
        with book.lease(start(f"run of {count}")) as lease:
            lease.queue([notice(number) for number in range(1, count + 1)])
            lease.finish({"exit": 0})
        watch(book, STARTED + MINUTE * (count if late else -count))
        with statements(book) as found:
            assert len(passed_by(book)) == (count if late else 0)
        return sum("FROM" in one for one in found)

    with sqlite_kind.open() as book:
        assert asked(1) == asked(300) <= (6 if late else 5)
