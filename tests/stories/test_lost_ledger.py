"""A ledger is lost, and our own step has made another route match: no case gets a second note."""

import pytest

from tests.stories.test_faults import notes
from tests.stories.test_ledger_commands import forget, ledger_of
from tests.stories.test_main_job import case
from tests.stories.world import World

PAIR = """
policy: support
priorities: [Low, Medium, High]
teams: {desk: {queue: Desk}, vips: {queue: Vips}}
routes:
  - name: own
    reason: The team of important customers has it.
    when: [{owner: in_queue, in: [vips]}]
    escalate: {note: {help_needed: Call.}, queue: desk}
  - name: vip
    reason: It is urgent.
    when: [{field: Subject, starts_with: urgent}]
    escalate: {note: {help_needed: Call.}, queue: vips}
guards: {max_cases: 100, max_share_of_open: 100%}
"""
QUEUES = [{"Type": "Queue", "DeveloperName": name, "Name": name} for name in ("Intake", "Desk", "Vips")]
CHOICES = (("--case", "00000001"), ("--limit", "1"), ("--backlog", "escalate"), ())


@pytest.fixture
def lost(world: World) -> World:
    """Two cases were escalated by `vip`, which moved them to the queue of `own`; then the ledger was lost."""
    world.policy(PAIR)
    world.environ["SFDC_ESCALATOR_LEDGER"] = str(ledger_of(world))
    world.org(Case=[case(1), case(2)], Group=QUEUES)
    assert world.run("--backlog", "escalate").json["applied"] == 2
    forget(world)
    return world


@pytest.mark.parametrize("words", CHOICES)
def test_a_lost_ledger_is_refused_although_another_route_matches_now(lost: World, words: tuple[str, ...]) -> None:
    rehearsed = lost.run("--dry-run", *words)
    done = lost.run(*words)
    for answer in (rehearsed, done):
        assert answer.code == 4
        assert "ledger rebuild" in answer.json["error"]["message"]
    assert notes(lost.orgs[0]) == 2


@pytest.mark.parametrize("words", CHOICES)
def test_after_a_rebuild_no_second_note_is_written(lost: World, words: tuple[str, ...]) -> None:
    assert lost.type("ledger", "rebuild").code == 0
    done = lost.run(*words)
    assert (done.code, done.json["applied"]) == (0, 0)
    assert {one["state"] for one in done.json["escalations"]} == {"already"}
    assert notes(lost.orgs[0]) == 2
    assert lost.type("audit", "verify").code == 0


@pytest.mark.parametrize("words", CHOICES)
def test_a_ledger_that_lost_a_part_takes_the_escalation_in(lost: World, words: tuple[str, ...]) -> None:
    """A run that found nothing has made the ledger anew, so it is not empty."""
    lost.policy(PAIR.replace("in: [vips]", "in: [desk]").replace("starts_with: urgent", "starts_with: nothing"))
    assert lost.run().code == 0  # nothing matches; the routes have run live
    lost.policy(PAIR)
    rehearsed, done = lost.run("--dry-run", *words), lost.run(*words)
    assert (rehearsed.code, done.code) == (0, 0)
    assert rehearsed.json["escalations"] == done.json["escalations"]
    assert [one["route"] for one in done.json["escalations"]].count("vip") == done.json["already"] > 0
    assert notes(lost.orgs[0]) == 2
    explained = lost.type("explain", "00000001")
    assert "already by the route vip" in explained.out
