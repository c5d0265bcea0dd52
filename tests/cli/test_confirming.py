"""The question before a write, where the terminal or the person does something odd."""

import os
import pty
import signal
import sys
from collections.abc import Callable, Iterator

import pytest

from sfdc_escalator.cli import confirming
from sfdc_escalator.cli.confirming import confirm
from sfdc_escalator.errors import NotConfirmed, StoppedEarly


class Terminal:
    """Stands for stderr."""

    def __init__(self, act: Callable[[], object] = lambda: None) -> None:
        self.text, self.act = "", act

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> None:
        self.text += text
        act, self.act = self.act, lambda: None
        act()

    def flush(self) -> None: ...


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A terminal as stdin; its other side."""
    ours, theirs = pty.openpty()
    with open(theirs, encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        yield ours
    os.close(ours)


def ask(monkeypatch: pytest.MonkeyPatch, screen: Terminal) -> None:
    monkeypatch.setattr(sys, "stderr", screen)
    confirm("2 to escalate", "Escalate 2 cases in acme (production)?", yes=False)


def test_a_yes_is_an_answer(monkeypatch: pytest.MonkeyPatch, keyboard: int) -> None:
    os.write(keyboard, b" Yes \n")
    screen = Terminal()
    ask(monkeypatch, screen)
    assert screen.text == "2 to escalate\nEscalate 2 cases in acme (production)? [y/N] "


def test_a_person_who_went_away_has_not_confirmed(monkeypatch: pytest.MonkeyPatch, keyboard: int) -> None:
    assert keyboard
    monkeypatch.setattr(confirming, "ANSWER_WITHIN", 0.0)
    with pytest.raises(NotConfirmed, match="no answer within 0 seconds; nothing was written"):
        ask(monkeypatch, Terminal())


def test_ctrl_c_while_the_question_is_printed_is_not_lost(monkeypatch: pytest.MonkeyPatch, keyboard: int) -> None:
    os.write(keyboard, b"y\n")
    with pytest.raises(StoppedEarly, match="nothing was written"):
        ask(monkeypatch, Terminal(lambda: os.kill(os.getpid(), signal.SIGINT)))


def test_a_terminal_that_is_gone_has_not_confirmed(monkeypatch: pytest.MonkeyPatch, keyboard: int) -> None:
    os.write(keyboard, b"y\n")

    def gone() -> None:
        raise OSError("Input/output error")

    with pytest.raises(NotConfirmed, match="the question was not asked"):
        ask(monkeypatch, Terminal(gone))


def test_a_hostile_name_does_nothing_to_the_terminal(monkeypatch: pytest.MonkeyPatch, keyboard: int) -> None:
    os.write(keyboard, b"n\n")
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with pytest.raises(NotConfirmed):
        confirm("1 to \x1b[2J", "Escalate in \x1b[31macme\x07?", yes=False)
    assert not {"\x1b", "\x07"} & set(screen.text)
