"""Notices on the page of a plan, of a run and of a ledger; the answer of a channel that was tried."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from sfdc_escalator.escalation.notices.message import Line, Message
from sfdc_escalator.escalation.notices.notice import Notice, Subject
from sfdc_escalator.escalation.outbox.queued import NoticeState, OutboxCounts, Queued
from sfdc_escalator.pipeline.notify.delivery import Sent
from sfdc_escalator.pipeline.notify.trial import Tried
from sfdc_escalator.pipeline.ports.channel import Delayed, Delivered, Delivery, Refused, Unanswered
from sfdc_escalator.pipeline.read_models.notices import (
    LastAndNext,
    NoticeEvent,
    NoticeList,
    ShownNotice,
    waiting_for_a_person,
)
from sfdc_escalator.pipeline.run import Result
from sfdc_escalator.reports.json.notices import list_json, shown_json, tried_json
from sfdc_escalator.reports.terminal import PLAIN
from sfdc_escalator.reports.text.notices import (
    MOST_LISTED,
    dropped_text,
    last_and_next_lines,
    list_text,
    planned_lines,
    retried_text,
    sent_lines,
    show_text,
    tried_text,
)
from tests.builders import NOW, case
from tests.reports.hostile import HOSTILE, assert_harmless
from tests.reports.runs import rehearsal, run

SUBJECT = Subject("start", "ESC-1", "support", "urgent", "start", case_id="500", case_number="00000001")
MESSAGE = Message("", "start", "00000001: urgent", (Line("Needed", "Call back.", kept=True),), key="ESC-1")
ONE = Notice("1" * 32, SUBJECT, "leads", "desk", "", False, False, NOW, NOW, MESSAGE)
ROW = Queued(ONE, NoticeState.UNDELIVERED, NOW, reason="HTTP 410", tries=1, last_try=NOW)


def plan(*notices: Notice) -> Result:
    found = rehearsal([case(1)])
    return replace(found, prepared=replace(found.prepared, notices={("start", "ESC-1"): notices}))


def planned(*notices: Notice) -> list[str]:
    return list(planned_lines(plan(*notices), "acme"))


TEXT = ["    | 00000001: urgent", "    | Needed: Call back.", "    | ESC-1"]


@pytest.mark.parametrize(
    ("notice", "first"),
    [
        (ONE, "  start of support/urgent, case 00000001 to leads by desk"),
        (
            replace(ONE, to="ann@example.com", channel="mail"),
            "  start of support/urgent, case 00000001 to leads (ann@example.com) by mail",
        ),
        (
            replace(ONE, at=NOW + timedelta(hours=18), digest=True),
            "  start of support/urgent, case 00000001 to leads by desk, digest at 2026-03-03 09:00 UTC",
        ),
        (
            replace(ONE, subject=replace(SUBJECT, kind="rung", rung="late", turn=2)),
            "  rung of support/urgent/late (2), case 00000001 to leads by desk",
        ),
        (
            replace(ONE, subject=replace(SUBJECT, kind="guard", case_number="")),
            "  guard of support/urgent to leads by desk",
        ),
        (
            replace(ONE, missing="the team leads has no channel"),
            "  ! start of support/urgent, case 00000001: nobody can be reached: the team leads has no channel",
        ),
    ],
)
def test_a_planned_notice_has_its_event_its_recipient_and_its_text(notice: Notice, first: str) -> None:
    assert planned(notice) == ["", "1 notice:", first, *TEXT]


def test_a_plan_shows_the_first_notices_and_counts_the_others() -> None:
    page = planned(*(replace(ONE, id=f"{number:032}") for number in range(MOST_LISTED + 5)))
    assert (page[1], page[-1]) == (f"{MOST_LISTED + 5} notices:", "  ... and 5 more: --all")
    assert page.count(TEXT[0]) == MOST_LISTED
    assert planned() == []


def test_a_run_counts_what_it_sent_and_names_what_is_to_be_done() -> None:
    post = Sent(sent=1_200, dropped=1, counts=OutboxCounts(waiting=2, undelivered=3), problems=("desk is broken",))
    assert list(sent_lines(replace(run([case(1)]), post=post))) == [
        "",
        "Notices: 1,200 sent, 2 waiting, 1 dropped, 3 undelivered",
        "! desk is broken",
        "! 3 notices undelivered: see `sfdc-escalator notices list`; then `notices retry`, or `notices drop --why W`",
    ]
    assert list(sent_lines(run([case(1)]))) == []


def test_a_notice_without_text_or_time_of_a_try_has_a_place_in_the_list() -> None:
    waits = replace(ROW, state=NoticeState.WAITING, reason="", last_try=None)
    never = replace(ROW, tries=0, last_try=None, notice=replace(ONE, channel="", recipient="Owner.Manager"))
    page = " ".join(list_text(NoticeList("/l.db", OutboxCounts(1, 2), (ROW, never, waits)), PLAIN).split())
    assert page.startswith("1 waiting, 2 undelivered Ledger /l.db ")
    assert "11111111 undelivered 2026-03-02 15:00 UTC" in page
    assert [*last_and_next_lines(LastAndNext((never,)))] == [
        "last notices:",
        "  11111111  2026-03-02 15:00 UTC  undelivered: "
        "start of support/urgent, case 00000001 to Owner.Manager (HTTP 410)",
    ]


@pytest.mark.parametrize(
    ("answer", "said", "reason"),
    [
        (Delivered("42"), "The channel desk (slack) took the message to C1 (42).", None),
        (Refused("HTTP 404"), "The channel desk (slack) did not take the message to C1: HTTP 404.", "HTTP 404"),
        (
            Delayed("HTTP 429", timedelta(seconds=30)),
            "The channel desk (slack) did not take the message to C1: HTTP 429. A run would try again.",
            "HTTP 429",
        ),
        (
            Unanswered("no answer"),
            "The channel desk (slack) did not take the message to C1: no answer. It may be delivered all the same.",
            "no answer",
        ),
    ],
)
def test_the_answer_of_a_channel_is_one_line(answer: Delivery, said: str, reason: str | None) -> None:
    tried = Tried("id", "desk", "slack", "slack", "C1", answer)
    assert tried_text(tried, "acme") == said
    found = tried_json(tried)
    assert (found["delivered"], found["reason"], found["reference"]) == (
        reason is None,
        reason,
        None if reason else "42",
    )
    assert found["retry_after"] == (30 if isinstance(answer, Delayed) else None)


def test_hostile_texts_do_nothing_to_a_terminal() -> None:
    about = replace(SUBJECT, policy=HOSTILE, route=HOSTILE, rung=HOSTILE, case_number=HOSTILE)
    message = replace(MESSAGE, title=HOSTILE, lines=(Line(HOSTILE, HOSTILE),), key=HOSTILE)
    bad = replace(ONE, subject=about, message=message, recipient=HOSTILE, channel=HOSTILE, to="x" + HOSTILE)
    row = replace(ROW, notice=replace(bad, instead_of=HOSTILE), reason=HOSTILE, remark=HOSTILE)
    shown = ShownNotice(HOSTILE, "00D", row, (row,), events=(NoticeEvent(NOW, HOSTILE, HOSTILE, HOSTILE),))
    listed = NoticeList(HOSTILE, OutboxCounts(), (row,))
    for page in (
        list_text(listed, PLAIN),
        show_text(shown, HOSTILE),
        retried_text((row,), (row,)),
        dropped_text((row,)),
        tried_text(Tried("id", HOSTILE, HOSTILE, HOSTILE, HOSTILE, Refused(HOSTILE)), HOSTILE),
        "\n".join(last_and_next_lines(LastAndNext((row,), (row,)))),
        "\n".join(planned_lines(plan(bad, replace(bad, missing=HOSTILE)), HOSTILE)),
    ):
        assert_harmless(page)
    assert json.loads(json.dumps(list_json(listed)))["notices"][0]["reason"] == HOSTILE
    assert json.loads(json.dumps(shown_json(shown, HOSTILE)))["recipient"] == HOSTILE


def test_an_undelivered_notice_waits_for_a_person_under_its_id() -> None:
    (waits,) = waiting_for_a_person([ROW])
    assert (waits.state, waits.key, waits.case_number) == ("undelivered", ONE.id, "00000001")
    assert waits.reason == "the notice 11111111 (start) to leads by desk is not delivered: HTTP 410"
