"""The trail as people read it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sfdc_escalator.errors import AuditBroken, Invalid
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.ledger.store import SqlHistory, open_trail
from sfdc_escalator.ledger.trail.audit import audit_list, audit_show
from tests.ledger.kinds import SqliteKind
from tests.ledger.sample import change, escalation, start

NEVER = datetime.min.replace(tzinfo=UTC)


@pytest.fixture
def trail(sqlite_kind: SqliteKind) -> Iterator[SqlHistory]:
    with sqlite_kind.open() as ledger:
        with ledger.lease(start()) as lease:
            lease.record([change(escalation(1), note="first"), change(escalation(2), note="second")])
            lease.record([change(escalation(1), EscalationState.APPLIED)])
        with ledger.lease(start("run-2")) as lease:
            lease.record([change(escalation(3, EscalationState.ADOPTED))])
    with open_trail(str(sqlite_kind.path)) as opened:
        yield opened


def test_the_list_shows_the_newest_first(trail: SqlHistory) -> None:
    listed = audit_list(trail)
    assert [(one.key, one.state, one.run) for one in listed] == [
        (escalation(3).key, "adopted", "run-2"),
        (escalation(2).key, "unknown", "run-2"),
        (escalation(1).key, "applied", "run-1"),
    ]
    assert replace(listed[0], at=NEVER) == replace(
        listed[0], at=NEVER, case_id=escalation(3).case_id, case_number="00001234", policy="support", route="supervisor"
    )
    assert listed[0].at.utcoffset() == timedelta(0)


def test_the_list_is_as_long_as_asked_for(trail: SqlHistory) -> None:
    assert [one.key for one in audit_list(trail, limit=1)] == [escalation(3).key]


def test_the_events_of_an_escalation_are_listed_in_order_with_its_note(trail: SqlHistory) -> None:
    actual = audit_show(trail, f" {escalation(1).key.lower()} ")
    assert [(one.event, one.note, one.run) for one in actual] == [
        ("intended", "first", "run-1"),
        ("applied", None, "run-1"),
    ]
    assert actual[0].seq < actual[1].seq
    assert len(actual[0].hash) == 64


def test_an_unknown_key_is_reported_with_the_nearest(trail: SqlHistory) -> None:
    known = escalation(1).key
    mistyped = known[:-1] + ("0" if known[-1] != "0" else "1")
    with pytest.raises(Invalid, match="has no escalation") as unknown:
        audit_show(trail, mistyped)
    assert unknown.value.problems[0].nearest == known


def test_an_event_that_cannot_be_read_is_a_broken_trail(trail: SqlHistory, sqlite_kind: SqliteKind) -> None:
    sqlite_kind.execute("DROP TRIGGER events_no_update")
    sqlite_kind.execute("UPDATE events SET body = X'7B22' WHERE key = ?", escalation(2).key)
    with pytest.raises(AuditBroken, match="audit verify"):
        audit_show(trail, escalation(2).key)


def test_an_event_whose_time_cannot_be_read_is_a_broken_trail(trail: SqlHistory, sqlite_kind: SqliteKind) -> None:
    sqlite_kind.execute("DROP TRIGGER events_no_update")
    sqlite_kind.execute("UPDATE events SET at = 'yesterday' WHERE key = ?", escalation(2).key)
    with pytest.raises(AuditBroken, match="audit verify"):
        audit_show(trail, escalation(2).key)
    with pytest.raises(AuditBroken, match="audit verify"):
        audit_list(trail)
