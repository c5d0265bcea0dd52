"""The state of the standard streams never decides whether work is done, and the reports of a run agree with each other.

The exit code of a command that changes something is that of its work; a command that only reports ends with 2 when its
report cannot be written.
"""

import json
import os
import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from tests.sampling import some
from tests.stories.watched import CASE, POLICY, env_file
from tests.stories.world import Answer, World, writes
from tests.warm import cron_run, program

REAL = (sys.executable, "-m", "sfdc_escalator")
"""For what depends on how the interpreter starts."""
LOST = "the report cannot be written to stdout: "
DONE = "; the work is done, and the exit code is that of the work"

STREAMS = {  # the redirections of a shell, and what is said of stdout there
    "as usual": ("", None),
    "stderr closed": ("2>&-", None),
    "stdin closed": ("<&-", None),
    "stdout closed": (">&-", "bad file descriptor"),
    "stdout and stderr closed": (">&- 2>&-", None),
    "all closed": ("<&- >&- 2>&-", None),
    "stdout full": (">/dev/full", "no space left on device"),
    "stderr full": ("2>/dev/full", None),
    "both full": (">/dev/full 2>&1", None),
    "stdout only readable": ("1</dev/null", "bad file descriptor"),
    "the reader is gone": ("> >(exec true)", None),
}


def redirected(world: World, redirections: str, *words: str, real: bool = False, **environ: str) -> Answer:
    """The program with the redirections of a shell."""
    started = REAL if real else (program(),)
    line = f'"$@" {redirections}'
    settings = {"env": {**world.environ, **environ}, "cwd": world.folder, "errors": "backslashreplace"}
    return world.spawn("bash", "-c", line, "bash", *started, *words, **settings)


def plain(answer: Answer) -> list[str]:
    """The lines on stderr that are not of the log."""
    assert "Traceback" not in answer.out + answer.err
    assert "defect" not in answer.out + answer.err
    return [line for line in answer.err.splitlines() if not line.startswith("{")]


def ends(world: World, heard: list[str]) -> tuple[str, int, int]:
    """The exit code as the heartbeat, the metrics and the ledger have it."""
    metrics = (world.folder / "m.prom").read_text().splitlines()
    code = next(line for line in metrics if line.startswith("sfdc_escalator_last_run_exit_code"))
    status = world.type("status", "--json", "--expect-every", "100000h").json
    return heard[-1], int(code.rpartition(" ")[2]), status["last_run"]["exit"]


FORMS = [*product(STREAMS, ["text"]), *product(["as usual", "stdout closed", "both full"], ["json"])]


@pytest.mark.parametrize(("state", "form"), FORMS)
def test_a_run_does_its_work_whatever_its_streams_are(world: World, heard: list[str], state: str, form: str) -> None:
    redirections, reason = STREAMS[state]
    words = ["run", "--backlog", "escalate", "--metrics", "m.prom", *(["--json"] if form == "json" else [])]
    answer = redirected(world, redirections, *words, real=form == "text" and "closed" in state)
    assert answer.code == 0
    assert [one["object"] for one in writes(world.orgs[0])] == ["CaseComment", "Case"]
    assert heard == ["/ping/start", "/ping"]
    assert ends(world, heard) == ("/ping", 0, 0)
    if reason:
        assert plain(answer) == [LOST + reason + DONE]
    elif state in ("as usual", "stdin closed"):
        assert plain(answer) == []


def test_a_run_that_withholds_a_part_says_so_everywhere_though_its_report_is_lost(
    world: World, heard: list[str]
) -> None:
    answer = redirected(world, ">/dev/full", "run", "--json", "--metrics", "m.prom")
    assert answer.code == 4
    assert ends(world, heard) == ("/ping/4", 4, 4)
    assert plain(answer) == [LOST + "no space left on device" + DONE]


REPORTS = [
    ["--help"],
    ["--version"],
    ["run", "--help"],
    ["run", "--dry-run"],
    ["run", "--dry-run", "--json"],
    ["explain", "1"],
    ["explain", "1", "--json"],
    ["explain", "1", "--as-example"],
    ["validate"],
    ["validate", "--format", "json"],
    ["validate", "--format", "junit"],
    ["validate", "--org", "env", "--format", "github"],
    ["status", "--expect-every", "100000h"],
    ["audit", "list"],
    ["audit", "list", "--json"],
    ["audit", "verify"],
    ["org", "serve"],
    ["demo"],
]


@pytest.mark.parametrize(
    ("state", "words"), some(product(["stdout closed", "stdout full", "stdout only readable"], REPORTS), 18)
)
def test_a_report_that_is_all_that_a_command_does_and_is_lost_is_exit_code_2(
    world: World, state: str, words: list[str]
) -> None:
    world.policy(POLICY)
    world.org(Case=[CASE])
    world.run("--backlog", "escalate")
    redirections, reason = STREAMS[state]
    answer = redirected(world, redirections, *words)
    assert (answer.code, answer.out) == (2, "")
    assert plain(answer) == [f"{LOST}{reason}"]


@pytest.mark.parametrize("state", ["stdout closed", "stdout full"])
def test_other_work_that_is_done_has_its_exit_code_too(world: World, state: str) -> None:
    redirections, reason = STREAMS[state]
    world.policy(POLICY)
    world.org(Case=[CASE])
    world.run("--backlog", "escalate")
    for words in (
        ["ledger", "backup", "copy.db"],
        ["ledger", "migrate"],
        ["init", "home", "--procedure", "member-support"],
    ):
        answer = redirected(world, redirections, *words)
        assert (answer.code, plain(answer)) == (0, [LOST + str(reason) + DONE])
    assert (world.folder / "copy.db").exists()
    assert (world.folder / "home" / "config" / "orgs.yaml").exists()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["run", "--org", "nowhere", "--json"], 2, "nowhere"),
        (["run", "--limit", "0", "--json"], 2, "--limit"),
        (["audit", "show", "ESC-AAAA-BBBB-CCCC", "--json"], 2, "ESC-AAAA-BBBB-CCCC"),
    ],
)
@pytest.mark.parametrize("state", ["stdout closed", "stdout full"])
def test_an_error_that_cannot_be_printed_as_json_stands_on_stderr(
    world: World, state: str, words: list[str], code: int, message: str
) -> None:
    world.policy(POLICY)
    world.org(Case=[CASE])
    world.run("--backlog", "escalate")
    answer = redirected(world, STREAMS[state][0], *words)
    assert answer.code == code
    assert message in "".join(plain(answer))


@pytest.mark.parametrize("state", ["stderr closed", "stderr full"])
def test_an_error_that_cannot_be_printed_on_stderr_stands_on_stdout(world: World, state: str) -> None:
    answer = redirected(world, STREAMS[state][0], "run", "--policy", "nowhere.yaml")
    assert answer.code == 2
    assert "nowhere.yaml" in answer.out


def test_no_file_takes_the_number_of_a_closed_stream(world: World, heard: list[str]) -> None:
    """Else a warning on stderr would be written into the ledger."""
    answer = redirected(world, "2>&- >&-", "run", "--backlog", "escalate", "--metrics", "/dev/full")
    assert answer.code == 0
    assert world.type("audit", "verify").code == 0


def test_a_pipe_that_does_not_block_gets_the_whole_report(world: World, tmp_path: Path) -> None:
    world.policy(POLICY.replace("max_cases: 10", "max_cases: 1000"))
    world.org(Case=[{**CASE, "CaseNumber": str(number)} for number in range(1, 400)])
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    command = [str(program()), "run", "--json", "--dry-run", "--backlog", "escalate"]
    with subprocess.Popen(command, stdout=writing, env=world.environ) as running:
        os.close(writing)
        with open(reading, "rb") as stream:
            report = json.loads(stream.read())
    assert (running.returncode, report["planned"]) == (0, 399)
    assert len(json.dumps(report)) > 2 * 65_536  # more than a pipe holds


@pytest.mark.parametrize(
    "environ",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1:strict"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "POSIX"},
    ],
    ids=str,
)
@pytest.mark.parametrize("words", [["run", "--dry-run"], ["explain", "1"]], ids=" ".join)
def test_the_encoding_of_the_environment_changes_no_report(
    world: World, words: list[str], environ: dict[str, str]
) -> None:
    world.policy(POLICY.replace("reason: High.", "reason: 'Überfällig, 期限切れ.'"))
    world.org(Case=[{**CASE, "Subject": "Überfällig 期限切れ \U0001f600"}])
    here = ["--now", "2026-03-02T15:00:00Z"]
    usual = redirected(world, "", *words, *here)
    answer = redirected(world, "", *words, *here, real=True, **environ)
    of_a_run = re.compile('"run": "[0-9a-f]+"')
    assert (answer.code, of_a_run.sub("", answer.out), plain(answer)) == (usual.code, of_a_run.sub("", usual.out), [])


def test_the_script_for_cron_passes_the_exit_code_on_without_stderr(world: World, heard: list[str]) -> None:
    env_file(world, world.orgs[0])
    for redirections, log in (("2>&-", "run.log"), ("2>/dev/full", "run.log"), ("", "/dev/full")):
        line = f'"$@" {redirections}'
        command: list[str | Path] = [
            "bash",
            "-c",
            line,
            "bash",
            cron_run(),
            "--home",
            world.folder,
            "--log",
            log,
            "--ledger",
            "state.db",
        ]
        answer = world.spawn(*command, env={"PATH": "/usr/bin:/bin"})
        assert answer.code == 4, (redirections, answer)
    assert "the report cannot be written to stdout: no space left on device" in answer.err
