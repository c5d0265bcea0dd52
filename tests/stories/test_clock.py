"""The org's clock: a run goes by it, warns where ours differs, and refuses a time that cannot be right."""

from datetime import UTC, datetime, timedelta

import pytest

from sfdc_escalator.embedded_org import EmbeddedOrg
from tests.stories.test_faults import notes
from tests.stories.test_ledger_commands import ledger_of
from tests.stories.test_main_job import POLICY, QUEUES, case
from tests.stories.world import NOW, World, advance

DAY = timedelta(days=1)


@pytest.fixture
def support(world: World) -> World:
    world.policy(POLICY)
    world.environ["SFDC_ESCALATOR_LEDGER"] = str(ledger_of(world))
    return world


def clock_of(org: EmbeddedOrg, now: datetime) -> None:
    """Sets the org's clock, also back, as a wrong one may be."""
    org._clock._origin += now - org._clock.now()


@pytest.fixture
def org(support: World) -> EmbeddedOrg:
    """An org with one escalated case, and one that matches since."""
    org = support.org(Case=[case(1), case(2)], Group=QUEUES)
    assert support.run("--backlog", "escalate", "--limit", "1").json["applied"] == 1
    return org


@pytest.mark.parametrize("by", [-25 * timedelta(hours=1), -300 * DAY, 367 * DAY, 4000 * DAY])
def test_a_time_of_the_org_that_cannot_be_right_is_refused(support: World, org: EmbeddedOrg, by: timedelta) -> None:
    clock_of(org, NOW + by)
    for words in (["run", "--json"], ["run", "--json", "--dry-run"], ["explain", "--json", "00000002"]):
        answer = support.type(*words)
        assert answer.code == 5, answer.out
        assert answer.json["error"]["code"] == "org_unavailable"
        assert "--accept-clock" in answer.json["error"]["message"]
        assert f"{NOW + by:%Y-%m-%d}" in answer.json["error"]["message"]
    assert notes(org) == 1
    assert support.run().code == 5  # a refused run does not make the time the known one


@pytest.mark.parametrize("by", [timedelta(), -20 * timedelta(hours=1), 5 * DAY, 300 * DAY])
def test_an_outage_and_a_clock_moved_by_days_are_not_refused(support: World, org: EmbeddedOrg, by: timedelta) -> None:
    clock_of(org, NOW + by)
    assert support.run("--backlog", "escalate").code == 0


def test_a_time_that_a_person_accepts_is_the_known_one_from_then_on(support: World, org: EmbeddedOrg) -> None:
    clock_of(org, NOW + 900 * DAY)
    assert support.run("--dry-run", "--accept-clock").code in (0, 4)
    assert support.type("explain", "--accept-clock", "00000002").code == 0
    assert support.run().code == 5  # neither stores anything
    assert support.run("--accept-clock", "--backlog", "escalate").json["applied"] == 1
    assert support.run().code == 0
    clock_of(org, NOW)
    assert support.run().code == 5


def test_a_rehearsal_with_a_time_of_its_own_does_not_ask_the_orgs_clock(support: World, org: EmbeddedOrg) -> None:
    clock_of(org, NOW + 900 * DAY)
    assert support.run("--dry-run", "--now", "2026-03-05T12:00:00Z").code in (0, 4)


def test_the_first_run_of_a_ledger_takes_any_time(support: World) -> None:
    support.org(Case=[case(1)], Group=QUEUES, now=datetime(2031, 1, 1, tzinfo=UTC))
    assert support.run("--backlog", "escalate").code == 0


def test_a_run_with_nothing_to_do_keeps_the_time_too(support: World) -> None:
    org = support.org(Case=[{**case(1), "Subject": "calm"}], Group=QUEUES)
    assert support.run().code == 0
    advance(org, "400d")
    assert support.run().code == 5


# -- our own clock ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "words"), [(-3 * timedelta(minutes=1), "behind"), (10 * timedelta(minutes=1), "ahead of"), (DAY, "ahead of")]
)
def test_a_clock_of_this_machine_that_differs_is_a_warning(support: World, by: timedelta, words: str) -> None:
    support.org(Case=[case(1)], Group=QUEUES, now=datetime.now(UTC) + by)
    for answer in (support.run("--dry-run"), support.run("--backlog", "escalate")):
        [warning] = answer.json["warnings"]
        assert f"{words} the clock of this machine" in warning
    assert f"{words} the clock of this machine" in answer.err  # the log of a run that did something
    for command in (["run"], ["explain", "00000001"]):
        assert f"{words} the clock of this machine" in support.type(*command).out


def test_clocks_that_agree_are_no_warning(support: World) -> None:
    support.org(Case=[case(1)], Group=QUEUES, now=datetime.now(UTC))
    answer = support.run("--backlog", "escalate")
    assert answer.json["warnings"] == []
    assert "clock" not in answer.err
