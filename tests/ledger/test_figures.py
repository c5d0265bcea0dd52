"""The facts of a report, as each engine gives them; older ledgers lack some, and these are counted apart."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sfdc_escalator.errors import LedgerUnusable
from sfdc_escalator.escalation.figures.facts import Climb, Place, Started, Warned
from sfdc_escalator.escalation.figures.figures import Facts
from sfdc_escalator.escalation.figures.period import Period
from sfdc_escalator.escalation.outbox.queued import NoticeState
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.ladder_facts import Acknowledged, Hold, LadderFacts
from sfdc_escalator.escalation.world.policy_use import PolicyUse
from sfdc_escalator.escalation.world.waitlist import Waiting, Waitlist
from sfdc_escalator.ledger.figures import escalations
from sfdc_escalator.ledger.figures.escalations import started_in
from sfdc_escalator.ledger.figures.facts import about, read_facts
from sfdc_escalator.ledger.figures.troubles import read_warnings
from sfdc_escalator.ledger.figures.wanted import Wanted
from sfdc_escalator.ledger.store import SqlLedger
from sfdc_escalator.ledger.trail.holding import hold
from sfdc_escalator.ledger.trail.outbox import SqlOutbox
from sfdc_escalator.pipeline.ports.ledger import Change, RunEnd, RunStart
from sfdc_escalator.pipeline.ports.outbox import Settled
from tests.ledger.kinds import Kind
from tests.ledger.sample import ORG, OTHER_ORG, USER, change, escalation, start, turn
from tests.notices import NOW, notice

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
S = NOW
PERIOD = Period(S, S + 7 * DAY, ZoneInfo("UTC"))
WANTED = Wanted(PERIOD)
COUNTED = {"team": "leads", "counts_as": "", "watched": True, "values": {"Reason": "Breakdown", "Vip__c": None}}
HERE = Place("support", "supervisor")
LADDER = LadderFacts(started=S, due=S + 4 * HOUR)
DONE = EscalationState.APPLIED


def run_at(at: datetime | None, organization: str = ORG) -> RunStart:
    return RunStart(f"run {at} {organization}", organization, USER, {"support": "digest"}, at)


def one_run(
    ledger: SqlLedger, *changes: Sequence[Change], at: datetime | None = S, organization: str = ORG, **end: Any
) -> None:
    uses = {"support": PolicyUse("digest", S, S, zone="America/Chicago")}
    with ledger.lease(run_at(at, organization)) as lease:
        for some in changes:
            lease.record(some)
        lease.finish({"exit": 0}, RunEnd(end.get("waitlist", Waitlist()), uses))


def begun(
    number: int = 1, ladder: LadderFacts | None = LADDER, counted: Any = COUNTED, **more: Any
) -> list[list[Change]]:
    """A start that was written: its intent and its outcome."""
    one = replace(escalation(number), tried_at=S, ladder=ladder, **more)
    intent = replace(change(one), facts={"counted": counted} if counted else {})
    return [[intent], [change(one, DONE)]]


def closed(one: Escalation, at: str | None) -> Change:
    return replace(change(one, EscalationState.CLOSED), facts={"closed_at": at} if at else {})


def started(ledger: SqlLedger, wanted: Wanted = WANTED) -> list[Started]:
    with ledger.reading() as connection:
        return list(started_in(connection, wanted))


def read(ledger: SqlLedger, wanted: Wanted = WANTED, until: datetime = S + DAY) -> Facts:
    return read_facts(ledger, wanted, until)


def test_an_escalation_comes_with_what_became_of_it(ledger: SqlLedger) -> None:
    acted = replace(LADDER, acknowledged=Acknowledged(S + HOUR, USER, "owner"))
    start_key = escalation().key
    late = replace(turn("late"), tried_at=S + 5 * HOUR, start_key=start_key)
    first = replace(turn("first"), tried_at=S + HOUR / 2, start_key="")  # found in the org by its note
    skipped = replace(turn("first", turn=2, state=EscalationState.SKIPPED), start_key=start_key)
    undo = replace(turn("undo"), tried_at=S + 6 * HOUR, start_key=start_key)
    known = replace(escalation(state=DONE), tried_at=S, ladder=acted)
    more = [[change(known, event="acknowledged")], [change(one) for one in (late, first, skipped, undo)]]
    one_run(ledger, *begun(), *more, [closed(known, "2026-03-02T19:00:00Z")])
    assert started(ledger) == [
        Started(
            HERE,
            "closed",
            S,
            1,
            S + 4 * HOUR,
            S + HOUR,
            datetime.fromisoformat("2026-03-02T19:00:00Z"),
            (Climb("first", S + HOUR / 2), Climb("late", S + 5 * HOUR)),
            "leads",
            "",
            True,
            COUNTED["values"],  # type: ignore[arg-type]
        )
    ]


def test_a_rung_counts_where_a_merge_took_it_to_the_master_after_the_end_of_its_start(ledger: SqlLedger) -> None:
    over = replace(escalation(state=EscalationState.SUPERSEDED), tried_at=S, ladder=LADDER)
    late = replace(turn("late"), tried_at=S + 5 * HOUR, start_key=over.key)
    merged = change(late.on_case(escalation(2).case_id, "00000002"), event="merged")
    one_run(ledger, *begun(), [change(late)], [change(over)], [merged])
    assert [one.climbs for one in started(ledger)] == [(Climb("late", S + 5 * HOUR),)]


def test_a_start_that_wrote_nothing_to_the_org_is_counted_by_its_only_event(ledger: SqlLedger) -> None:
    one = replace(escalation(state=DONE), tried_at=S)
    one_run(ledger, [replace(change(one), facts={"counted": COUNTED})])
    assert [(found.started, found.team) for found in started(ledger)] == [(S, "leads")]


def test_what_never_wrote_a_note_has_no_start(ledger: SqlLedger) -> None:
    """Adopted cases, also closed ones; what was rejected, deferred, is unknown, or was gone before it was written."""
    states = EscalationState
    adopted, closed_since = (replace(escalation(n, states.ADOPTED), tried_at=S) for n in (1, 2))
    sent = [replace(escalation(n), tried_at=S) for n in range(3, 8)]
    ends = [change(sent[0], states.REJECTED), change(sent[1], states.PLANNED), change(sent[2], states.UNKNOWN)]
    lost = [change(sent[3], states.UNKNOWN)], [change(sent[3], states.GONE)]
    more = [change(closed_since, states.CLOSED)], [change(one) for one in sent[:4]]
    one_run(ledger, [change(adopted), change(closed_since)], *more, ends, *lost)
    assert started(ledger) == []


def test_facts_that_an_older_ledger_does_not_have_are_not_guessed(ledger: SqlLedger) -> None:
    known = replace(escalation(state=DONE), tried_at=S, ladder=None)
    one_run(ledger, *begun(ladder=None, counted=None), [closed(known, None)])
    (one,) = started(ledger)
    assert (one.team, one.watched, one.values, one.closed, one.is_closed) == (None, None, None, None, True)


def test_pages_of_the_ledger_join_without_a_seam(ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(escalations, "AT_A_TIME", 2)
    for number in range(1, 6):
        one_run(ledger, *begun(number), at=S + number * HOUR)
    assert len(started(ledger)) == 5


def test_an_org_and_policies_count_alone_where_they_are_named(ledger: SqlLedger) -> None:
    other = replace(escalation(9, organization=OTHER_ORG), tried_at=S)
    one_run(ledger, *begun(1), *begun(2, policy="billing", key="ESC-0000-0000-0002"))
    one_run(ledger, [change(other)], [change(other, DONE)], organization=OTHER_ORG)
    counts = [
        len(started(ledger, replace(WANTED, organization_id=org, policies=policies)))
        for org, policies in [(None, ()), (ORG, ()), (OTHER_ORG, ()), (ORG, ("support",)), (None, ("billing",))]
    ]
    assert counts == [3, 2, 1, 1, 1]
    assert about(ledger, ()) == ((ORG, OTHER_ORG), frozenset({"America/Chicago"}), S)


def test_what_was_rejected_or_unknown_counts_by_the_time_of_the_try(ledger: SqlLedger) -> None:
    tries = {1: S, 2: S + 8 * DAY, 3: S - HOUR}
    for number, at in tries.items():
        one = replace(escalation(number), tried_at=at)
        again = replace(one, attempts=2)
        ends = [change(one, EscalationState.REJECTED)], [change(again)], [change(again, EscalationState.UNKNOWN)]
        one_run(ledger, [change(one)], *ends, at=at)
    troubles = read(ledger).troubles
    assert troubles.rejected == troubles.unknown == {HERE: {escalation(1).key}}


def test_holds_and_what_runs_left_for_people(ledger: SqlLedger) -> None:
    for kind, begin in (("hold", S), ("hold", S + 7 * DAY), ("hold", S + HOUR)):
        hold(ledger, ORG, Hold(escalation().case_id, "1", begin, begin + HOUR, "why", "ann", kind, "support", "old"))
    about_case = ("it lacks a part", "support", "supervisor", "00000007")
    entries = (Waiting("held", *about_case), Waiting("withheld", "too many", "support", "old", cases=12))
    for at in (S - HOUR, S, S + HOUR, S + 8 * DAY):
        one_run(ledger, at=at, waitlist=Waitlist(entries, 3 if at == S else 2))
    found = read(ledger)
    assert found.troubles.held == {(Place("support", "old"), "hold"): 2}
    assert found.troubles.incomplete == {(HERE, "00000007")}
    assert found.troubles.withheld == {Place("support", "old"): 12}
    assert (found.unlisted, found.as_of) == (True, S + 8 * DAY)


def test_messages_count_by_the_time_at_which_they_were_sent_and_a_bundle_once(ledger: SqlLedger) -> None:
    given = [notice(number, to=to) for number in (1, 2, 3) for to in ("", "x")]
    with ledger.lease(start()) as lease:
        lease.queue(given)
    outbox = SqlOutbox(ledger, ORG, "run-1")
    for some, bundle, at in ((given[:3], "b" * 32, S), (given[3:4], "c" * 32, S + 7 * DAY), (given[4:5], "d" * 32, S)):
        rows = [one for one in outbox.queued() if one.id in {wanted.id for wanted in some}]
        assert outbox.claim(rows, bundle, at)
        outbox.settle([Settled(tuple(one.id for one in some), NoticeState.SENT, tried=at)])
    assert read(ledger).messages == {("leads", "desk"): 2}


def test_the_event_of_a_message_says_to_whom_and_when(sqlite_kind: Kind) -> None:
    with sqlite_kind.open() as ledger:
        test_messages_count_by_the_time_at_which_they_were_sent_and_a_bundle_once(ledger)
    found = sqlite_kind.execute("SELECT CAST(body AS TEXT) FROM events WHERE event = 'notice_sent'")
    assert all('"recipient":"leads"' in body and '"sent_at":"2026-03-' in body for (body,) in found)
    assert len(found) == 5


def test_a_warning_is_escalated_where_an_escalation_of_the_case_came_later(ledger: SqlLedger) -> None:
    comes = S + HOUR
    with ledger.lease(start()) as lease:
        lease.queue([notice(number, "warn", to=to, comes_at=comes) for number in (1, 2) for to in ("", "x")])
        lease.queue([notice(3, "warn", queued_at=S - HOUR, comes_at=comes), notice(4, "warn")])
        adopted = replace(escalation(2, EscalationState.ADOPTED), tried_at=S)
        lease.record([change(adopted)])
        for changes in begun(1):
            lease.record(changes)
    with ledger.reading() as connection:
        found = list(read_warnings(connection, WANTED))
    assert sorted(found, key=str) == sorted(
        [Warned(HERE, comes, True), Warned(HERE, comes, False), Warned(HERE, None, False)], key=str
    )


def test_a_warning_is_escalated_also_where_the_case_was_merged_afterwards_and_not_by_what_began_before(
    ledger: SqlLedger,
) -> None:
    comes = S + HOUR
    master = replace(escalation(1), tried_at=S).on_case(escalation(9).case_id, "00000009")
    before = replace(escalation(2), tried_at=S, ladder=LADDER)
    with ledger.lease(start()) as lease:
        for changes in begun(2):
            lease.record(changes)
        lease.queue([notice(1, "warn", comes_at=comes), notice(2, "warn")])
        for changes in begun(1):
            lease.record(changes)
        lease.record([change(replace(master, state=DONE), event="merged"), closed(before, None)])
    with ledger.reading() as connection:
        found = list(read_warnings(connection, WANTED))
    assert sorted(found, key=str) == sorted([Warned(HERE, comes, True), Warned(HERE, None, False)], key=str)


def test_runs_are_placed_by_the_orgs_time_and_those_without_one_are_counted_apart(ledger: SqlLedger) -> None:
    for at in (None, S - HOUR, S, S + HOUR, S + 7 * DAY, S + 9 * DAY):
        one_run(ledger, at=at)
    with ledger.lease(RunStart("by hand", ORG, USER, {}, S + HOUR)) as lease:  # `resolve` is not a run
        lease.finish({"exit": 0})
    runs = read(ledger, until=S + 20 * DAY).runs
    assert (list(runs.times), runs.before, runs.after, runs.unknown) == ([S, S + HOUR], S - HOUR, S + 7 * DAY, 1)


def test_a_row_that_no_run_can_have_written_is_named(sqlite_kind: Kind) -> None:
    with sqlite_kind.open() as ledger:
        one_run(ledger, *begun())
        sqlite_kind.execute("UPDATE escalations SET ladder = 'x'")
        with pytest.raises(LedgerUnusable, match=r"the row of escalation ESC-.* cannot be read"):
            started(ledger)
