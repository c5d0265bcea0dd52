"""A defect of the program: one line for its user, and its details in a file."""

import stat
from pathlib import Path

import pytest

from sfdc_escalator.wiring import errand
from tests.stories.world import World


@pytest.fixture
def broken(world: World) -> World:
    def fail(*_: object, **_more: object) -> None:
        raise ValueError("lost\x1b[2J\nits way \udc80")

    world.monkeypatch.setattr(errand, "status", fail)
    return world


def reports(world: World) -> list[Path]:
    return sorted((world.folder / "state" / "sfdc-escalator" / "crashes").iterdir())


def test_the_details_are_in_the_state_folder_for_the_user_alone(broken: World) -> None:
    answer = broken.type("status")
    (report,) = reports(broken)
    message = "unexpected error, a defect of sfdc-escalator: ValueError: lost\\x1b[2J"
    assert (answer.code, answer.err) == (1, f"{message} (details in {report})\n")
    assert "Traceback" in report.read_text()
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert stat.S_IMODE(report.parent.stat().st_mode) == 0o700


def test_the_newest_ten_reports_stay(broken: World) -> None:
    for _ in range(12):
        broken.type("status")
    first = reports(broken)
    assert len(first) == 10
    broken.type("status")
    assert reports(broken)[:9] == first[1:]


def test_a_state_folder_that_cannot_be_written_is_no_second_defect(broken: World) -> None:
    (broken.folder / "state").write_text("a file")
    answer = broken.type("status", "--json")
    assert (answer.code, answer.json["error"]["code"]) == (1, "unexpected")
    assert "at test_crashes.py:" in answer.json["error"]["message"]
    assert "more cannot be written down: not a directory" in answer.json["error"]["message"]
