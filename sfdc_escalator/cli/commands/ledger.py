"""`ledger`: copy it, bring it up to date, or read a lost one back from the org."""

from pathlib import Path

import click

from sfdc_escalator.cli.options import FilePath, ledger_option, org_option
from sfdc_escalator.wiring.surroundings import Surroundings


@click.group("ledger")
def command() -> None:
    """Take care of the ledger: the memory of what was escalated."""


@command.command("backup")
@click.argument("file", type=FilePath())
@org_option
@ledger_option
@click.pass_obj
def backup(surroundings: Surroundings, file: Path, org: str, ledger: str | None) -> int:
    """Copy the ledger to a new FILE, also while a run is at work, and verify the copy."""
    from sfdc_escalator.ledger.upkeep.backup import backup as copy
    from sfdc_escalator.wiring import ledgers

    with ledgers.trail(surroundings, ledger, org) as trail:
        found = copy(trail, file)
    click.echo(f"{trail.where} is copied to {file}: {found.events} events, head {found.head or 'none'}, verified")
    return 0


@command.command("migrate")
@org_option
@ledger_option
@click.pass_obj
def migrate(surroundings: Surroundings, org: str, ledger: str | None) -> int:
    """Bring an older ledger to the version of this program: all of it or nothing. Back it up first."""
    from sfdc_escalator.ledger.upkeep.migration import migrate as upgrade
    from sfdc_escalator.wiring import ledgers
    from sfdc_escalator.wiring.errand import busy_is_an_error

    with busy_is_an_error():
        before, now = upgrade(ledgers.place(surroundings, ledger, org))
    click.echo(f"the ledger is of version {now}" + ("; nothing to do" if before == now else f" now, it was {before}"))
    return 0


@command.command("rebuild")
@org_option
@ledger_option
@click.pass_obj
def rebuild(surroundings: Surroundings, org: str, ledger: str | None) -> int:
    """Read a lost ledger back from the org: every note of ours that carries a key counts as escalated.

    It only reads the org. What the ledger alone knew stays lost, such as an adopted backlog: look at
    `run --dry-run` before the next run.
    """
    from sfdc_escalator.reports.text.rebuild import rebuild_text
    from sfdc_escalator.wiring import errand

    found = errand.rebuild(errand.Errand(surroundings, org, ledger))
    click.echo(rebuild_text(found.rebuilt, found.ledger))
    return 0
