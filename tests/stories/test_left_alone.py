"""Cases that no route matches: counted by reason in JSON and log, listed in a file when somebody asks for it."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stories.test_main_job import POLICY, case, start
from tests.stories.world import World, writes

OLD = "2026-02-20T09:00:00Z"


@pytest.fixture
def support(world: World) -> World:
    world.policy(POLICY)
    return world


def counts(world: World, *more: str) -> Any:
    return world.run(*more).json["left_alone"]


def by_reason(left_alone: Any) -> dict[str, int]:
    return {one["reason"]: one["count"] for one in left_alone["reasons"]}


WIDE = POLICY.replace("when: [{field: Subject, starts_with: urgent}]", "when: [{text: Subject, mentions: [urgent]}]")
"""The server cannot be asked for whole words only, so it answers with more cases."""


def test_cases_that_miss_the_same_condition_are_one_reason_whatever_their_values(support: World) -> None:
    support.policy(WIDE)
    start(support, *(case(number, f"urgently number {number}") for number in range(1, 41)))
    found = counts(support)
    assert found["count"] == 40
    assert sum(by_reason(found).values()) == 40
    (reason,) = by_reason(found)
    assert re.fullmatch(r"support/(urgent|old): missing: [\w ]+", reason)
    assert "number" not in reason


def test_the_report_does_not_grow_with_the_cases_left_alone(support: World) -> None:
    support.policy(WIDE)
    few = [case(number, f"urgently {number}") for number in range(1, 4)]
    start(support, *few)
    small = len(support.run("--dry-run").out)
    start(support, *few, *(case(number, f"urgently {number} \u202e {'x' * 200}") for number in range(4, 301)))
    answer = support.run("--dry-run")
    assert answer.json["left_alone"]["count"] == 300
    assert len(answer.out) < small + 400


def test_no_text_of_a_customer_is_in_the_counts(support: World) -> None:
    support.policy(WIDE)
    start(support, case(1, "urgently: my password is hunter2"))
    assert "hunter2" not in json.dumps(counts(support))


def test_a_live_run_counts_too_also_in_its_log(support: World) -> None:
    support.policy(WIDE)
    start(support, case(1), case(2, "urgently"))
    answer = support.run("--backlog", "escalate")
    assert (answer.json["applied"], answer.json["left_alone"]["count"]) == (1, 1)
    (ended,) = [json.loads(line) for line in answer.err.splitlines() if '"ended"' in line]
    assert ended["left_alone"] == answer.json["left_alone"]


def test_a_run_without_such_cases_counts_none(support: World) -> None:
    start(support, case(1))
    file = support.folder / "left.json"
    assert counts(support, "--dry-run", "--left-alone", str(file)) == {"count": 0, "reasons": []}
    assert json.loads(file.read_text()) == []


def test_the_case_of_a_route_that_the_run_leaves_out_says_so(support: World) -> None:
    start(support, case(1), case(2))
    found = by_reason(counts(support, "--dry-run", "--route", "old"))
    assert found == {"support: it matches the route urgent, which this run leaves out": 2}


def test_a_case_that_was_escalated_before_and_matches_no_more_says_so(support: World) -> None:
    support.policy(POLICY.replace("{field: Subject, starts_with: urgent}", "{field: Status, is: New}"))
    org = start(support, case(1))
    assert support.run("--backlog", "escalate").json["applied"] == 1
    found = support.run("--dry-run", "--case", "00000001").json["left_alone"]
    assert by_reason(found) == {"support/urgent: escalated by an earlier run": 1}
    assert writes(org)


def many_routes(count: int) -> str:
    routes = "".join(
        f"  - {{name: r{number}, reason: R., escalate: {{queue: leads}},"
        f" when: [{{field: SuppliedName, is: n{number}}}, {{text: Subject, mentions: [word{number}]}}]}}\n"
        for number in range(count)
    )
    return f"policy: wide\nteams: {{leads: {{queue: Leads}}}}\nroutes:\n{routes}"


def test_at_most_twenty_reasons_are_named_and_the_rest_count_together(support: World) -> None:
    support.policy(many_routes(30))
    start(support, *(case(number + 1, f"word{number}s", SuppliedName=f"n{number}") for number in range(30)))
    found = counts(support, "--dry-run")
    assert found["count"] == sum(by_reason(found).values()) == 30
    assert len(found["reasons"]) == 20
    assert found["reasons"][-1] == {"reason": "other reasons", "count": 11}


@pytest.mark.parametrize("dry", [True, False])
def test_the_file_lists_every_case_with_its_reason_against_every_route(support: World, dry: bool) -> None:
    support.policy(WIDE)
    start(support, case(1), *(case(number, "urgently") for number in range(2, 5)))
    file = support.folder / "left.json"
    file.write_text("an older list")
    answer = support.run("--backlog", "escalate", *(["--dry-run"] if dry else []), "--left-alone", str(file))
    assert answer.code == 0
    listed = json.loads(file.read_text())
    assert [one["case_number"] for one in listed] == ["00000002", "00000003", "00000004"]
    assert all(set(one) == {"policy", "case_id", "case_number", "reasons"} for one in listed)
    assert all(set(one["reasons"]) == {"urgent", "old"} for one in listed)
    assert "no_match" not in answer.json


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_link(path: Path) -> None:
    path.symlink_to(path.with_name("target"))


def a_folder(path: Path) -> None:
    path.mkdir()


def nothing_above(path: Path) -> None:
    """The folder is not there."""


KINDS: dict[str, tuple[Callable[[Path], None], str]] = {
    "a pipe": (a_pipe, "it is a pipe, not a file"),
    "a link": (a_link, "it is a link, not a file"),
    "a folder": (a_folder, "it is a folder, not a file"),
    "in no folder": (nothing_above, "no such file or directory"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_path_that_is_not_a_plain_file_is_a_warning_after_a_live_run(support: World, kind: str) -> None:
    make, why = KINDS[kind]
    path = support.folder / ("none/left" if kind == "in no folder" else "left")
    make(path)
    org = start(support, case(1))
    answer = support.run("--backlog", "escalate", "--left-alone", str(path))
    assert (answer.code, answer.json["applied"]) == (0, 1)
    assert writes(org)
    (warned,) = [json.loads(line) for line in answer.err.splitlines() if "left_alone.not_written" in line]
    assert why in warned["reason"]
    assert not path.is_file()


@pytest.mark.parametrize("kind", KINDS)
def test_a_path_that_is_not_a_plain_file_is_refused_by_a_rehearsal(support: World, kind: str) -> None:
    make, why = KINDS[kind]
    path = support.folder / ("none/left" if kind == "in no folder" else "left")
    make(path)
    start(support, case(1))
    answer = support.run("--dry-run", "--left-alone", str(path))
    assert answer.code == 2
    assert why in answer.json["error"]["message"]


def test_the_page_for_people_says_where_the_list_is(support: World) -> None:
    support.policy(WIDE)
    start(support, case(1, "urgently"))
    answer = support.type("run", "--dry-run")
    assert "of all cases: --left-alone FILE" in answer.out


@pytest.mark.parametrize("option", ["--out", "--html", "--policy"])
def test_a_list_under_the_name_of_another_file_is_refused(support: World, option: str) -> None:
    start(support, case(1))
    path = Path(support.environ["SFDC_ESCALATOR_POLICY"]) if option == "--policy" else support.folder / "left"
    text = path.read_text() if path.exists() else None
    answer = support.run("--dry-run", option, str(path), "--left-alone", str(path))
    assert (answer.code, answer.json["error"]["message"]) == (
        2,
        f"--left-alone and {option} name the same file: {path}",
    )
    assert (path.read_text() if path.exists() else None) == text
