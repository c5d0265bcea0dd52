"""`init` asks a person at a terminal, and asks nobody anywhere else."""

import os
import pty
import subprocess
from pathlib import Path

from sfdc_escalator.cli.commands.init import installed
from tests.stories.world import World
from tests.warm import program


def typed(folder: Path, *answers: str) -> tuple[int, str]:
    """`init` at a real terminal on which somebody types these lines."""
    person, terminal = pty.openpty()
    try:
        os.write(person, "".join(f"{answer}\n" for answer in answers).encode())
        ran = subprocess.run(
            [program(), "init", str(folder)],
            stdin=terminal, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    finally:
        os.close(person)
        os.close(terminal)
    return ran.returncode, ran.stdout + ran.stderr


def test_the_program_is_found_where_it_is_installed_though_no_path_leads_there() -> None:
    assert Path(installed({"PATH": ""})).is_absolute()
    assert os.access(installed({"PATH": ""}), os.X_OK)


def test_a_person_is_asked_for_procedure_login_and_ledger(tmp_path: Path) -> None:
    code, reported = typed(tmp_path / "mine", "onboarding", "client_credentials", "state/ledger.db")
    assert code == 0, reported
    orgs = (tmp_path / "mine/config/orgs.yaml").read_text()
    assert "flow: client_credentials" in orgs
    assert "ledger: state/ledger.db" in orgs
    assert (tmp_path / "mine/config/policies/onboarding.yaml").exists()


def test_an_answer_that_is_none_of_the_choices_is_asked_for_again(tmp_path: Path) -> None:
    code, reported = typed(tmp_path / "mine", "onbording", "onboarding", "", "")
    assert code == 0, reported
    assert "flow: jwt" in (tmp_path / "mine/config/orgs.yaml").read_text()


def test_a_folder_that_is_a_link_to_itself_is_reported(world: World) -> None:
    (world.folder / "loop").symlink_to("loop")
    answer = world.type("init", str(world.folder / "loop"), "--procedure", "onboarding")
    assert (answer.code, "cannot be written" in answer.err) == (2, True), answer


def test_each_file_that_is_in_the_way_is_a_line(world: World) -> None:
    folder = world.folder / "mine"
    (folder / ".gitignore").mkdir(parents=True)
    (folder / ".env.example").mkdir()
    answer = world.type("init", str(folder), "--procedure", "onboarding")
    assert answer.code == 2
    assert answer.err.splitlines()[1:] == [
        f"  {folder}/{name} cannot be written: it is a folder, not a file" for name in (".env.example", ".gitignore")
    ]


def test_without_a_terminal_the_choices_are_reported(world: World) -> None:
    answer = world.type("init", str(world.folder / "mine"))
    assert answer.code == 2
    assert "--procedure: customer-success, member-support" in answer.err
    assert not (world.folder / "mine").exists()
