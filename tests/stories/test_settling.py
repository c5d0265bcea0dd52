"""Later runs settle the open escalations of earlier ones, and the changes of people meanwhile."""

import pytest

from tests.stories.test_faults import at_the_write, notes
from tests.stories.test_main_job import OLD, POLICY, QUEUES, case
from tests.stories.world import World, advance, delete, patch, select


@pytest.fixture
def support(world: World) -> World:
    world.policy(POLICY)
    return world


def test_a_write_that_never_arrived_is_sent_again_once_it_can_no_longer_be_carried_out(support: World) -> None:
    org = support.org(faults=[at_the_write(support, "500")], Case=[case(1), case(2)], Group=QUEUES)
    assert support.run("--backlog", "escalate").json["unknown"] == 2
    advance(org, "14m")
    early = support.run("--backlog", "escalate")
    assert (early.code, early.json["unknown"], notes(org)) == (3, 2, 0)
    advance(org, "2m")
    later = support.run("--backlog", "escalate")
    assert (later.code, later.json["recovered"], later.json["applied"], notes(org)) == (0, 2, 2, 2)
    assert support.run().json["already"] == 2
    assert support.type("audit", "verify").code == 0


def test_a_rehearsal_settles_as_the_run_would_and_stores_nothing(support: World) -> None:
    org = support.org(faults=[at_the_write(support, "500")], Case=[case(1)], Group=QUEUES)
    support.run("--backlog", "escalate")
    advance(org, "16m")
    dry = support.run("--dry-run", "--backlog", "escalate")
    assert (dry.json["recovered"], dry.json["planned"]) == (1, 1)
    live = support.run("--backlog", "escalate")
    assert (live.json["recovered"], live.json["applied"]) == (1, 1)
    assert live.json["plan_digest"] == dry.json["plan_digest"]


def test_a_note_that_somebody_deleted_counts_as_written(support: World) -> None:
    org = support.org(faults=[at_the_write(support, "lose")], Case=[case(1)], Group=QUEUES)
    assert support.run("--backlog", "escalate").json["unknown"] == 1
    delete(org, "CaseComment", select(org, "SELECT Id FROM CaseComment")[0]["Id"])
    advance(org, "16m")
    later = support.run()
    assert (later.code, later.json["recovered"], later.json["already"], notes(org)) == (0, 1, 1, 0)


def test_a_deleted_case_is_gone_and_is_not_an_error(support: World) -> None:
    org = support.org(faults=[at_the_write(support, "500")], Case=[case(1), case(2)], Group=QUEUES)
    support.run("--backlog", "escalate")
    delete(org, "Case", select(org, "SELECT Id FROM Case WHERE CaseNumber = '00000001'")[0]["Id"])
    advance(org, "16m")
    later = support.run("--backlog", "escalate")
    assert (later.code, later.json["applied"], later.json["unknown"], notes(org)) == (0, 1, 0, 1)


def test_a_case_that_was_closed_and_opened_again_begins_a_new_episode(support: World) -> None:
    org = support.org(Case=[case(1)], Group=QUEUES)
    support.run("--backlog", "escalate")
    case_id = select(org, "SELECT Id FROM Case")[0]["Id"]
    patch(org, case_id, Status="Closed")
    advance(org, "1m")
    assert support.run().json["matched"] == 0
    patch(org, case_id, Status="New", OwnerId=owner(org, "Intake"))
    advance(org, "1m")
    again = support.run()
    assert (again.code, again.json["applied"], notes(org)) == (0, 1, 2)
    note = select(org, "SELECT CommentBody FROM CaseComment ORDER BY CreatedDate DESC")[0]["CommentBody"]
    assert note.splitlines()[-1].endswith("support/urgent/start/2/1")
    assert support.run().json["already"] == 1


def test_an_open_case_is_never_escalated_again_by_default(support: World) -> None:
    """It stopped matching and matches again: without `rearm` that is the same trouble."""
    org = support.org(Case=[case(1)], Group=QUEUES)
    support.run("--backlog", "escalate")
    case_id = select(org, "SELECT Id FROM Case")[0]["Id"]
    for subject in ("calm", "urgent again"):
        patch(org, case_id, Subject=subject)
        advance(org, "9h")
        last = support.run()
    assert (last.code, last.json["already"], notes(org)) == (0, 1, 1)


def test_rearm_counts_from_the_end_of_the_episode_also_seen_by_an_idle_run(support: World) -> None:
    support.policy(POLICY.replace("reason: It is urgent.\n", "reason: It is urgent.\n    rearm: 4h\n"))
    org = support.org(Case=[case(1)], Group=QUEUES)
    support.run("--backlog", "escalate")
    case_id = select(org, "SELECT Id FROM Case")[0]["Id"]
    patch(org, case_id, Subject="calm")
    advance(org, "1m")
    assert support.run().json["matched"] == 0
    patch(org, case_id, Subject="urgent again")
    advance(org, "3h")
    waiting = support.run()
    assert (waiting.json["already"], notes(org)) == (1, 1)
    assert "again from" in waiting.json["escalations"][0]["reason"]
    advance(org, "1h")
    again = support.run()
    assert (again.code, again.json["applied"], notes(org)) == (0, 1, 2)


def test_our_own_steps_end_no_episode(world: World) -> None:
    """The route asks for new cases and sets another status itself: that is not a reason to escalate again."""
    world.policy(
        POLICY.replace("{field: Subject, starts_with: urgent}", "{field: Status, is: New}").replace(
            "reason: It is urgent.\n", "reason: It is urgent.\n    rearm: 1h\n"
        )
    )
    org = world.org(Case=[case(1)], Group=QUEUES)
    world.run("--backlog", "escalate")
    for _ in range(2):
        advance(org, "5h")
        world.run()
    (listed,) = world.type("audit", "list", "--json").json["escalations"]
    assert (listed["state"], notes(org)) == ("applied", 1)
    events = world.type("audit", "show", listed["key"], "--json").json["events"]
    assert [event["event"] for event in events] == ["intended", "applied"]


def owner(org: object, name: str) -> str:
    found: str = select(org, f"SELECT Id FROM Group WHERE DeveloperName = '{name}'")[0]["Id"]  # type: ignore[arg-type]
    return found


def test_old_cases_still_match_by_their_own_route(support: World) -> None:
    support.org(Case=[case(1, "hello", created=OLD)], Group=QUEUES)
    assert support.run("--backlog", "escalate").json["applied"] == 1
