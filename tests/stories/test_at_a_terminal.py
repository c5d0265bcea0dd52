"""A person at a terminal: the question before the first write, progress, colours, the width and length of pages."""

import json
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from unicodedata import category, east_asian_width

import pytest

from sfdc_escalator.reports.values import unstyled
from tests.stories.front import Reply, Request, in_front_of
from tests.stories.terminals import Screen, at_terminal, on_terminal
from tests.stories.test_main_job import POLICY, QUEUES, USERS, case
from tests.stories.world import Row, World, writes
from tests.warm import Forked, program

QUESTION = "Escalate 2 cases in Embedded Org (production)? [y/N]"
WIDE = "\u753b\u9762\u304c\u771f\u3063\u6697\u3067\u3059\u3002"
SMILES = "\U0001f62d \U0001f9f8 urgent help "


@pytest.fixture
def support(world: World) -> World:
    world.policy(POLICY)
    return world


def start(world: World, cases: int = 2, **more: object) -> object:
    rows: list[Row] = [case(number, "urgent: the screen stays dark") for number in range(1, cases + 1)]
    return world.org(Case=rows, Group=QUEUES, User=USERS, production=True, **more)  # type: ignore[arg-type]


def typing(text: str) -> Callable[[Forked, int], object]:
    return lambda _running, keyboard: os.write(keyboard, text.encode())


LIVE = ("run", "--backlog", "escalate")


# -- the question ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["y\n", "YES\n"])
def test_a_live_run_at_a_terminal_asks_and_writes_after_a_yes(support: World, answer: str) -> None:
    org = start(support)
    screen = at_terminal(support, *LIVE, act=typing(answer))
    assert screen.code == 0, screen.err
    assert "2 to escalate (2 urgent); 2 cases read" in screen.err.replace("\r", "")
    assert QUESTION in screen.err
    assert "2 escalated (2 urgent)" in unstyled(screen.out)
    assert len([one for one in writes(org) if one["object"] == "CaseComment"]) == 2  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", ["n\n", "\n", "perhaps\n", "yes please\n", "\x04"])
def test_anything_but_a_yes_writes_nothing_and_the_next_run_has_all_of_it(support: World, answer: str) -> None:
    org = start(support)
    screen = at_terminal(support, *LIVE, act=typing(answer))
    assert (screen.code, screen.out, writes(org)) == (4, "", []), screen.err  # type: ignore[arg-type]
    assert "not confirmed; nothing was written. To write without a question: --yes" in screen.err
    assert support.run("--backlog", "escalate").json["applied"] == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_question_and_nothing_is_written(support: World, number: signal.Signals) -> None:
    org = start(support)
    screen = at_terminal(support, *LIVE, act=lambda running, _keyboard: running.send_signal(number))
    assert (screen.code, writes(org)) == (3, [])  # type: ignore[arg-type]
    assert f"stopped by {number.name}; nothing was written" in screen.err
    assert support.run("--backlog", "escalate").json["applied"] == 2


def test_a_no_is_one_object_of_json_and_stands_in_the_ledger(support: World) -> None:
    start(support)
    screen = at_terminal(support, *LIVE, "--json", act=typing("n\n"))
    answer = json.loads(screen.out)
    assert (answer["error"]["code"], answer["exit"], screen.code) == ("not_confirmed", 4, 4)
    assert "exit 4 (not_confirmed)" in support.type("status").out
    assert support.type("audit", "verify").code == 0


@pytest.mark.parametrize(
    "words",
    [
        (*LIVE, "--yes"),
        (*LIVE, "--dry-run"),
        ("run",),
        ("run", "--backlog", "adopt"),
    ],
)
def test_nobody_is_asked_with_yes_or_where_the_org_is_not_written(support: World, words: tuple[str, ...]) -> None:
    org = start(support)
    screen = at_terminal(support, *words)
    assert "[y/N]" not in screen.err
    assert bool(writes(org)) == ("--yes" in words)  # type: ignore[arg-type]


def test_nobody_is_asked_without_a_terminal_for_the_answer(support: World) -> None:
    """As in cron: stdin is no terminal, whatever the others are."""
    org = start(support)
    screen = on_terminal(support, *LIVE)
    assert (screen.code, "[y/N]" in screen.err, len(writes(org))) == (0, False, 8), screen.err  # type: ignore[arg-type]


def test_an_apply_asks_before_it_writes(support: World) -> None:
    org = start(support)
    assert support.type(*LIVE, "--dry-run", "--out", "plan.json").code == 0
    plan = str(support.folder / "plan.json")
    refused = at_terminal(support, "apply", plan, act=typing("n\n"))
    assert (refused.code, refused.out, writes(org)) == (4, "", []), refused.err  # type: ignore[arg-type]
    assert "2 orders of " in refused.err
    assert "Apply this plan in env? [y/N]" in refused.err
    done = at_terminal(support, "apply", plan, "--yes")
    assert (done.code, "[y/N]" in done.err, len(writes(org))) == (0, False, 8), done.err  # type: ignore[arg-type]


def test_the_variable_of_yes_counts_too(support: World) -> None:
    start(support)
    screen = at_terminal(support, *LIVE, SFDC_ESCALATOR_YES="1")
    assert (screen.code, "[y/N]" in screen.err) == (0, False)


# -- progress ----------------------------------------------------------------------------------------------------------


@contextmanager
def slow_poll(world: World) -> Iterator[threading.Event]:
    """The first page of the poll comes when the event is set."""
    go = threading.Event()

    def rule(request: Request, _forward: Callable[[], Reply]) -> Reply | None:
        if request.is_poll and not go.wait(30):
            return Reply(500)
        return None

    with in_front_of(world.orgs[-1], rule) as (_, address):
        world.environ["SFDC_INSTANCE_URL"] = address
        yield go


@pytest.mark.parametrize("words", [("run", "--dry-run"), ("run",)])
def test_a_terminal_shows_progress_before_the_first_answer_of_a_long_poll(
    support: World, words: tuple[str, ...]
) -> None:
    start(support)
    with slow_poll(support) as go:
        screen = at_terminal(support, *words, when="reading cases", act=lambda *_: go.set())
    assert screen.code == 4, screen.err  # an open backlog choice
    assert "reading cases" in screen.err
    after = screen.err.rpartition("\x1b[2K")[2]  # the line is cleared
    assert after.replace("\x1b[?25h", "").strip() == ""
    assert "reading cases" not in screen.out


@pytest.mark.parametrize("more", ["--json", "-q"])
def test_a_reader_of_json_and_a_quiet_one_get_no_progress(support: World, more: str) -> None:
    start(support)
    assert at_terminal(support, "run", "--dry-run", more).err == ""


def test_a_pipe_gets_no_progress(support: World) -> None:
    start(support)
    assert support.type("run", "--dry-run").err == ""


# -- the page ----------------------------------------------------------------------------------------------------------


COLOUR = re.compile(r"\x1b\[3[1236]m")


@pytest.mark.parametrize(
    ("words", "environ", "has_colours"),
    [
        ((), {}, True),
        ((), {"NO_COLOR": "1"}, False),
        ((), {"NO_COLOR": ""}, True),
        ((), {"TERM": "dumb"}, False),
        (("--color", "never"), {}, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        ((), {"SFDC_ESCALATOR_COLOR": "never"}, False),
        (("--color", "auto"), {"SFDC_ESCALATOR_COLOR": "never"}, True),
        (("--json",), {}, False),
        (("--json", "--color", "always"), {}, False),
    ],
)
def test_a_terminal_gets_colours_unless_somebody_says_no(
    support: World, words: tuple[str, ...], environ: dict[str, str], has_colours: bool
) -> None:
    start(support)
    screen = on_terminal(support, "run", "--dry-run", *words, columns=80, **environ)
    assert bool(COLOUR.search(screen.out)) == has_colours
    assert screen.obeyed() == set()


def test_a_pipe_gets_colours_only_where_they_are_asked_for(support: World) -> None:
    start(support)
    assert "\x1b" not in support.type("run", "--dry-run").out
    coloured = support.type("run", "--dry-run", "--color", "always").out
    assert COLOUR.search(coloured)
    assert unstyled(coloured).splitlines()[0] == support.type("run", "--dry-run").out.splitlines()[0]


def test_the_severity_of_a_problem_has_a_colour(world: World) -> None:
    world.policy("policy: p\nroutes: []\nrouts: 1\n")
    assert "\x1b[31merror\x1b[0m: " in on_terminal(world, "validate").out
    assert "error: " in world.type("validate").out


def test_v_and_q_exclude_each_other_and_what_is_typed_counts(support: World) -> None:
    start(support)
    both = support.type("run", "--dry-run", "-v", "-q")
    assert (both.code, "-v and -q exclude each other" in both.err) == (2, True)
    support.environ["SFDC_ESCALATOR_QUIET"] = "1"
    full = support.type("run", "--dry-run", "-v", "--backlog", "escalate")
    assert "The note for case 00000001:" in full.out
    assert support.type("run", "--dry-run", "--backlog", "escalate").out == ""


def test_a_quiet_run_that_needs_nobody_writes_not_even_a_log(support: World) -> None:
    """Cron mails whatever a command prints."""
    start(support, now=datetime.now(UTC))
    loud = support.type("run", "--backlog", "escalate", "--limit", "1")
    assert '"event": "ended"' in loud.err
    before = len(writes(support.orgs[0]))
    answer = support.type("run", "-q", "--backlog", "escalate")
    assert (answer.code, answer.out, answer.err) == (0, "", "")
    assert len(writes(support.orgs[0])) > before


def test_every_command_has_these_options(world: World) -> None:
    for words in (["status"], ["audit", "list"], ["hold"], ["org", "serve"], ["completion"]):
        shown = world.type(*words, "--help").out
        assert all(one in shown for one in ("--color", "-v, --verbose", "-q, --quiet", "SFDC_ESCALATOR_COLOR"))


def wide_org(world: World, cases: int) -> None:
    subjects = ["urgent: " + WIDE * 12, "urgent: " + SMILES * 9, "urgent: " + "a very long story " * 12]
    world.org(
        Case=[case(n, subjects[n % 3], AccountId=WIDE * 5, Type="Q" * 90) for n in range(1, cases + 1)],
        Group=QUEUES,
        User=USERS,
        Account=[{"Name": WIDE * 5}],
    )


def width_of(line: str) -> int:
    return sum(0 if category(one) in ("Mn", "Cf") else 2 if east_asian_width(one) in "WF" else 1 for one in line)


def too_wide(text: str, width: int) -> list[str]:
    return [line for line in unstyled(text).replace("\r", "").split("\n") if width_of(line) > width]


PAGES = [
    ("run", "--dry-run", "--backlog", "escalate"),
    ("run", "--dry-run", "--case", "1", "-v"),
    ("explain", "1"),
    ("run", "--backlog", "escalate"),
    ("status", "--check", "--expect-every", "100000h"),
    ("notices", "list"),
    ("audit", "list"),
    ("validate",),
    ("validate", "--org", "env"),
]


def test_no_page_is_wider_than_the_terminal_whatever_stands_on_it(support: World) -> None:
    text = POLICY.replace("priority: High}", "priority: High}\n    notify: [leads]").replace(
        "{leads: {queue: Leads}}", "{leads: {queue: Leads, tell: [desk]}}"
    )
    support.policy(text.replace("priorities:", "channels: {desk: log}\npriorities:"))
    wide_org(support, 3)
    for words in PAGES:
        screen = on_terminal(support, *words, columns=80)
        assert "Traceback" not in screen.err
        assert (words, screen.out != "", too_wide(screen.out, 80)) == (words, True, [])
    support.environ["COLUMNS"] = "60"
    for words in PAGES:
        assert (words, too_wide(support.type(*words).out, 60)) == (words, [])


def test_a_subject_ends_at_a_word_and_the_account_stands_beside_it(support: World) -> None:
    support.policy(POLICY)
    support.org(
        Case=[case(1, "urgent: " + "a very long story " * 12, AccountId="Acme")],
        Group=QUEUES,
        User=USERS,
        Account=[{"Name": "Acme"}],
    )
    page = support.type("run", "--dry-run", "--backlog", "escalate").out.splitlines()
    (line,) = [one for one in page if one.startswith("00000001")]
    assert re.search(r"  planned  urgent  urgent: .*(a|very|long|story)\.\.\. \(Acme\)$", line)


def test_fifty_cases_are_shown_and_all_of_them_with_all(support: World) -> None:
    start(support, cases=60)
    words = ("run", "--dry-run", "--backlog", "escalate", "--color", "never")
    first = on_terminal(support, *words)
    assert (rows(first), "... and 10 more: --all" in first.out) == (50, True)
    assert first.out.startswith("60 withheld")
    assert rows(on_terminal(support, *words, "--all")) == 60


def rows(screen: Screen) -> int:
    return sum(line.startswith("000000") for line in screen.out.splitlines())


# -- completion --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_asks_the_program(world: World, shell: str) -> None:
    answer = world.type("completion", shell)
    assert (answer.code, f"_SFDC_ESCALATOR_COMPLETE={shell}_complete" in answer.out) == (0, True)


def test_the_program_answers_the_script(world: World) -> None:
    world.environ |= {"_SFDC_ESCALATOR_COMPLETE": "bash_complete", "COMP_WORDS": "sfdc-escalator run --c"}
    found = world.spawn(program(), env={**world.environ, "COMP_CWORD": "2"})
    assert (found.code, found.out.split()) == (0, ["plain,--case", "plain,--color"])


def test_a_shell_that_is_not_known_is_an_error(world: World) -> None:
    answer = world.type("completion", "tcsh")
    assert answer.code == 2
    assert "'bash', 'zsh', 'fish'" in answer.err
