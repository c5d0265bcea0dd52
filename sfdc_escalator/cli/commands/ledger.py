"""`ledger`: copy it, bring it up to date, or read a lost one back from the org."""

import uuid
from pathlib import Path

import click

from sfdc_escalator.cli.options import ledger_option, org_option


@click.group("ledger")
def command() -> None:
    """Take care of the ledger: the memory of what was escalated."""


@command.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@org_option
@ledger_option
def backup(file: Path, org: str, ledger: str | None) -> int:
    """Copy the ledger to a new FILE, also while a run is at work, and verify the copy."""
    from sfdc_escalator import wiring
    from sfdc_escalator.ledger.upkeep.backup import backup as copy

    with wiring.trail(ledger, org) as trail:
        found = copy(trail, file)
    click.echo(f"{trail.where} is copied to {file}: {found.events} events, head {found.head or 'none'}, verified")
    return 0


@command.command("migrate")
@org_option
@ledger_option
def migrate(org: str, ledger: str | None) -> int:
    """Bring an older ledger to the version of this program: all of it or nothing. Back it up first."""
    from sfdc_escalator import wiring
    from sfdc_escalator.cli.busy import busy_is_an_error
    from sfdc_escalator.ledger.upkeep.migration import migrate as upgrade

    with busy_is_an_error():
        before, now = upgrade(ledger or wiring.place_of_trail(org))
    click.echo(f"the ledger is of version {now}" + ("; nothing to do" if before == now else f" now, it was {before}"))
    return 0


@command.command("rebuild")
@org_option
@ledger_option
def rebuild(org: str, ledger: str | None) -> int:
    """Read a lost ledger back from the org: every note of ours that carries a key counts as escalated.

    It only reads the org. What the ledger alone knew stays lost, such as an adopted backlog: look at
    `run --dry-run` before the next run.
    """
    from sfdc_escalator import wiring
    from sfdc_escalator.cli import logs
    from sfdc_escalator.cli.busy import busy_is_an_error
    from sfdc_escalator.pipeline.rebuild import rebuild as read_back
    from sfdc_escalator.reports.text.rebuild import rebuild_text

    run = uuid.uuid4().hex[:12]
    logs.set_up(run)
    with busy_is_an_error(), wiring.connect(org) as (door, caller), wiring.ledger(ledger, caller, org) as book:
        rebuilt = read_back(run, door, caller, book)
        click.echo(rebuild_text(rebuilt, book.where))
    return 0
