"""Those who were notified of an escalation are notified of its undo; what was not sent yet is not sent."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from sfdc_escalator.embedded_org.http.faults import FaultOnDemand, Faults
from sfdc_escalator.escalation.notices.notice import NoticeKind, Subject
from sfdc_escalator.escalation.notices.wording import Said, message_of
from tests.stories.notices import Told, case, services
from tests.stories.test_notices import POLICY
from tests.stories.world import World, advance

WRITE = re.compile("/composite$")
WHY = ("--why", "a wrong rule", "--yes", "--json")
UNDONE = """\
ESCALATION 00000001: urgent is undone
Subject: urgent: broken
Reason: It was escalated in error and is put back: a wrong rule
Undone by: NAME
Put back: owner Leads -> Intake
Put back: priority High -> Medium
Case: LINK
KEY"""


@pytest.fixture
def told(stopped: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    stopped.policy(POLICY)
    stopped.environ["LOGNAME"] = "NAME"
    with services(stopped, monkeypatch) as made:
        yield made
        assert made.world.type("audit", "verify").code == 0


def undo(told: Told, name: str, code: int = 0) -> dict[str, Any]:
    advance(told.org, "5m")
    answer = told.world.type("undo", name, *WHY)
    assert answer.code == code, answer.out + answer.err
    return answer.json


def test_the_team_that_was_notified_hears_of_the_undo_once(told: Told) -> None:
    told.start(case(1))
    done = told.run()
    (first,) = told.posts()
    found = undo(told, done["run"])
    assert found["notices"]["sent"] == 1
    (post,) = told.posts()
    lines = told.plain(post["text"]).splitlines()
    assert sorted(lines) == sorted(UNDONE.splitlines())
    assert (post["kind"], post["case_id"], post["key"]) == ("undone", first["case_id"], found["escalations"][0]["key"])
    assert undo(told, done["run"])["notices"]["sent"] == 0
    assert told.later(60)["notices"] == {"sent": 0, "waiting": 0, "undelivered": 0, "dropped": 0}
    assert told.posts() == []


def test_a_notice_that_waits_is_not_sent_any_more(told: Told) -> None:
    told.start(case(1))
    told.fails(503)
    done = told.run()
    told.posts()
    told.fails(200)
    found = undo(told, done["run"])
    assert (found["notices"]["dropped"], found["notices"]["sent"]) == (1, 0)
    assert told.posts() == []
    listed = told.world.type("notices", "list").out
    assert "it was undone" in listed


def test_of_a_rung_those_who_heard_of_that_rung_are_notified(told: Told) -> None:
    told.start(case(1))
    told.run()
    (rung,) = [one for one in told.later(30)["escalations"] if one["rung"] != "start"]
    told.posts()
    assert undo(told, rung["key"])["notices"]["sent"] == 1
    (post,) = told.posts()
    assert post["text"].splitlines()[0] == "ESCALATION 00000001: urgent, after-30m is undone"
    assert told.later(60)["escalations"][0]["state"] == "already"


def test_an_answer_that_was_lost_is_followed_by_the_notice(told: Told) -> None:
    """The outcome of the undo is settled by the next run, which notifies."""
    told.start(case(1))
    done = told.run()
    told.posts()
    told.org._server.faults = lose_the_write(told, done["run"])
    assert undo(told, done["run"], code=3)["unknown"] == 1
    assert told.posts() == []
    assert told.later(1)["notices"]["sent"] == 1
    assert [post["kind"] for post in told.posts()] == ["undone"]


def lose_the_write(told: Told, run: str) -> Faults:
    """The answer to the write of the undo is lost: the first call of its kind after those that only read."""

    def calls() -> int:
        return sum(bool(WRITE.search(one["path"])) for one in told.org.requests())

    before = calls()
    assert told.world.type("undo", run, *WHY[:2]).code == 0
    return Faults([FaultOnDemand("lose", "POST", WRITE, nth=calls() - before + 1)])


@pytest.mark.parametrize(("kind", "rung", "ends"), [("undone", "start", True), ("undone", "late", False)])
def test_an_alarm_ends_with_the_undo_of_its_escalation(kind: NoticeKind, rung: str, ends: bool) -> None:
    """PagerDuty resolves what `ends`; of a rung that is undone the escalation goes on."""
    subject = Subject(kind, "ESC-A", "support", "urgent", rung, 1, "ESC-START", "500", "1")
    message = message_of(Said(subject))
    assert (message.ends, message.alarm) == (ends, "ESC-START")
