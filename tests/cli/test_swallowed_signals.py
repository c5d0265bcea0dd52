"""A signal that comes where Python swallows exceptions still ends the command."""

import signal
import sys
import time

import pytest

from sfdc_escalator.cli.stopping import hear_swallowed_signals, interrupt, on_signals
from sfdc_escalator.errors import Interrupted


class Finalized:
    def __del__(self) -> None:
        signal.raise_signal(signal.SIGTERM)


def test_a_signal_in_a_finalizer_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    others: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", others.append)
    hear_swallowed_signals()

    def stopped() -> None:
        Finalized()
        time.sleep(60)  # it ends the wait

    with on_signals(interrupt), pytest.raises(Interrupted, match="SIGTERM"):
        stopped()
    assert others == []


class Broken:
    def __del__(self) -> None:
        raise ValueError("not a signal")


def test_other_errors_of_a_finalizer_are_shown_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    others: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", others.append)
    hear_swallowed_signals()
    Broken()
    assert len(others) == 1
