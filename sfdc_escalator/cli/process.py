"""One command as a process of its own: a log on stderr, signals that stop it, a progress bar on a terminal."""

import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sfdc_escalator.wiring.secrets import Secrets
from sfdc_escalator.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from sfdc_escalator.pipeline.applying.apply import Progress
    from sfdc_escalator.pipeline.stop import Stop


def surroundings_of_a_process(environ: Mapping[str, str], folder: Path, wait: Callable[[float], None]) -> Surroundings:
    secrets = Secrets()
    return Surroundings(
        environ,
        folder,
        wait,
        secrets=secrets,
        set_up_log=partial(set_up_log, secrets),
        stopping=stopping,
        progress=progress,
    )


def set_up_log(secrets: Secrets, run: str | None) -> None:
    from sfdc_escalator.cli.logs import set_up

    set_up(secrets, run)


def stopping(deadline: float | None) -> "AbstractContextManager[Stop]":
    from sfdc_escalator.cli.stopping import stop_of_the_work

    return stop_of_the_work(deadline)


def progress() -> "AbstractContextManager[Progress]":
    """A bar on a terminal; elsewhere nothing, and none of its imports."""
    if not sys.stderr.isatty():
        return nullcontext(lambda _stage, _done, _total: None)
    from sfdc_escalator.reports.terminal import progress_bar

    return progress_bar()
