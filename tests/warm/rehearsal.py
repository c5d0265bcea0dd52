"""What the process of the commands does before it is ready, so that each command forked from it has less to do."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos import ladder_policy

REHEARSED = (
    "run --json --dry-run --backlog escalate",
    "run --json --backlog escalate",
    "hold 00000002 --until 1h --why rehearsed --json",
    "release 00000002 --json",
    "ledger backup copy.db",
    "ledger rebuild",
    "audit verify --json",
)
"""Commands that the process carries out before it is ready."""


def rehearse() -> None:
    """Carries out a few commands in this process, on an org of its own that is closed again."""
    from sfdc_escalator.cli.door import run_command_line
    from sfdc_escalator.cli.process import surroundings_of_a_process
    from sfdc_escalator.embedded_org import EmbeddedOrg

    with tempfile.TemporaryDirectory(prefix="chaos-warm-") as name, nothing_printed():
        folder = Path(name)
        (folder / "policy.yaml").write_text(ladder_policy.BASE)
        data = folder / "org"
        data.mkdir()
        (data / "Case.csv").write_text("CaseNumber,Subject,OwnerId\n00000001,urgent: 1,Leads\n00000002,calm,Leads\n")
        (data / "Group.csv").write_text("Type,DeveloperName,Name\nQueue,Leads,Leads\n")
        with EmbeddedOrg(data=data) as org:
            environment = {
                "SFDC_INSTANCE_URL": org.instance_url,
                "SFDC_ACCESS_TOKEN": org.access_token,
                "SFDC_ESCALATOR_POLICY": str(folder / "policy.yaml"),
                "SFDC_ESCALATOR_LEDGER": str(folder / "ledger.db"),
            }
            surroundings = surroundings_of_a_process(environment, folder, lambda _: None)
            for words in REHEARSED:
                run_command_line(words.split(), surroundings)


@contextmanager
def nothing_printed() -> Iterator[None]:
    kept = os.dup(1), os.dup(2)
    with open(os.devnull, "w") as nowhere:
        for number in (1, 2):
            os.dup2(nowhere.fileno(), number)
        yield
        sys.stdout.flush()
        sys.stderr.flush()
    for number, one in zip((1, 2), kept, strict=True):
        os.dup2(one, number)
        os.close(one)
