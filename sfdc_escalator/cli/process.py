"""One command as a process of its own: a log on stderr, signals that stop it, a progress bar on a terminal."""

import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sfdc_escalator.cli.manner import manner, prints_json
from sfdc_escalator.wiring.secrets import Secrets
from sfdc_escalator.wiring.surroundings import Surroundings, without_progress

if TYPE_CHECKING:
    from sfdc_escalator.pipeline.ports.progress import Progress
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
        progress=partial(progress, environ),
    )


def set_up_log(secrets: Secrets, run: str | None) -> None:
    from sfdc_escalator.cli.logs import set_up

    set_up(secrets, run, quiet=manner().quiet)


def stopping(deadline: float | None) -> "AbstractContextManager[Stop]":
    from sfdc_escalator.cli.stopping import stop_of_the_work

    return stop_of_the_work(deadline)


def progress(environ: Mapping[str, str]) -> "AbstractContextManager[Progress]":
    """A bar on a terminal; elsewhere, for a program that reads JSON, and with -q nothing, and none of its imports."""
    chosen = manner()
    if not sys.stderr.isatty() or chosen.quiet or prints_json():
        return without_progress()
    from sfdc_escalator.reports.terminal import progress_bar

    return progress_bar(colours=chosen.colours(sys.stderr, environ))
