"""Everything that a command takes from the process around it, as one value that is handed in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sfdc_escalator.wiring.secrets import Secrets

if TYPE_CHECKING:
    from sfdc_escalator.pipeline.ports.progress import Progress
    from sfdc_escalator.pipeline.stop import Stop

RUN_LOG = "SFDC_ESCALATOR_RUN_LOG"
ACCESS_TOKEN = "SFDC_ACCESS_TOKEN"  # noqa: S105 - the name of a variable
SECRET = re.compile(r"(PASSWORD|PASSWD|SECRET|TOKEN)$")
"""Matches the names of variables whose values are never shown, whatever uses them."""


def without_sharing(_added: Mapping[str, str]) -> None:
    """Keeps settings out of the process."""


def without_log(run: str | None) -> None:
    """Changes nothing about the log."""


@contextmanager
def stop_at_deadline(deadline: float | None) -> Iterator[Stop]:
    """A Stop that only the deadline (in seconds) pulls."""
    from sfdc_escalator.pipeline.stop import stop_after

    with stop_after(deadline) as stop:
        yield stop


def without_progress() -> AbstractContextManager[Progress]:
    """Shows no progress."""
    return nullcontext(lambda _stage, _done, _total: None)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The environment variables, the folder from which relative paths start, and the function that waits.

    `config` is the folder of `orgs.yaml` and `policies/`. `set_up_log` puts the id of a run on each line of the log.
    `stopping` gives the Stop of a run, which the deadline (in seconds) and perhaps signals pull. `share` hands settings
    to libraries that read the environment of the process (proxies, PGPASSWORD). `from_env_file` are the names of the
    variables that `.env` added. Two commands with surroundings of
    their own can run in one process.
    """

    environ: Mapping[str, str] = field(repr=False)
    folder: Path
    wait: Callable[[float], None]
    config: Path = Path("config")
    secrets: Secrets = field(default_factory=Secrets)
    set_up_log: Callable[[str | None], None] = without_log
    stopping: Callable[[float | None], AbstractContextManager[Stop]] = stop_at_deadline
    progress: Callable[[], AbstractContextManager[Progress]] = without_progress
    share: Callable[[Mapping[str, str]], None] = without_sharing
    from_env_file: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.secrets.add(value.strip() for name, value in self.environ.items() if SECRET.search(name))

    @property
    def run_log(self) -> str | None:
        """The file that gets the JSON of this run, or empty, where stderr is mailed to somebody, as cron-run says;
        else None."""
        return self.environ.get(RUN_LOG)

    @property
    def policy_folder(self) -> Path:
        return self.folder / self.config / "policies"

    @property
    def state_folder(self) -> Path:
        """The folder of the ledgers that no other place is named for, and of reports of defects."""
        from sfdc_escalator.ledger.engines.place import state_folder

        return state_folder(self.environ)

    @property
    def orgs_file(self) -> Path:
        return self.folder / self.config / "orgs.yaml"
