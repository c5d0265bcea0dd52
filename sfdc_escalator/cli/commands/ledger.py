"""`ledger`: back it up, migrate it, prune it, or read a lost one back from the org."""

from pathlib import Path

import click

from sfdc_escalator.cli.groups import CommandGroup
from sfdc_escalator.cli.options import AgeType, FilePath, ledger_option, option, org_option
from sfdc_escalator.cli.output import tell, tell_done, tell_news
from sfdc_escalator.errors import counted
from sfdc_escalator.escalation.time.ages import Age
from sfdc_escalator.wiring.surroundings import Surroundings


@click.group("ledger", cls=CommandGroup)
def command() -> None:
    """Take care of the ledger: the memory of what was escalated."""


@command.command("backup")
@click.argument("file", type=FilePath())
@org_option
@ledger_option
@click.pass_obj
def backup(surroundings: Surroundings, file: Path, org: str, ledger: str | None) -> int:
    """Copy the ledger to a new FILE and verify the copy. A run may be at work meanwhile."""
    from sfdc_escalator.ledger.upkeep.backup import backup as copy
    from sfdc_escalator.wiring import ledgers

    with ledgers.trail(surroundings, ledger, org) as trail:
        found = copy(trail, file)
    done = f"{trail.where} is copied to {file}: {counted(found.events, 'event')}, head {found.head or 'none'}, verified"
    tell_done(lambda: tell_news(done))
    return 0


@command.command("migrate")
@org_option
@ledger_option
@click.pass_obj
def migrate(surroundings: Surroundings, org: str, ledger: str | None) -> int:
    """Bring an older ledger to the version of this program.

    It makes a backup first, and prints where. The ledger is migrated completely, with its audit trail verified, or left
    as it was.
    """
    from sfdc_escalator.cli.commands.by_hand import person
    from sfdc_escalator.ledger.upkeep.migration import migrate as upgrade
    from sfdc_escalator.wiring import ledgers
    from sfdc_escalator.wiring.errand import busy_is_an_error

    with busy_is_an_error():
        done = upgrade(ledgers.place(surroundings, ledger, org), by=person(surroundings.environ))
    if done.verified is None:
        lines = [f"The ledger {done.where} is already of version {done.now}; nothing to do"]
    else:
        lines = [
            f"The ledger {done.where} is migrated from version {done.before} to {done.now}",
            f"Audit trail: {counted(done.verified.events, 'event')}, head {done.verified.head}, verified",
            f"Backup of version {done.before}: {done.backup}",
        ]
    tell_done(lambda: tell_news("\n".join(lines)))
    return 0


@command.command("prune")
@option("--older-than", "age", type=AgeType(), required=True, metavar="AGE", help="Such as 2y, 26w or 90d, before now.")
@org_option
@ledger_option
@click.pass_obj
def prune(surroundings: Surroundings, age: Age, org: str, ledger: str | None) -> int:
    """Remove what ended longer ago than AGE, for good.

    Make a backup first. Events, notes and notices of escalations that ended before then go, and the rows of idle runs
    before then. Of each escalation its key, route, case id and end stay, so that no case is escalated again;
    `audit verify` proves that nothing else is missing. It holds for every org of the ledger. While a run is at work,
    nothing is pruned (exit code 3). Nothing is changed in the org.
    """
    from sfdc_escalator.cli.commands.by_hand import person
    from sfdc_escalator.ledger.upkeep.pruning import prune as remove
    from sfdc_escalator.reports.text.audit import pruned_text
    from sfdc_escalator.wiring import ledgers
    from sfdc_escalator.wiring.errand import busy_is_an_error

    with busy_is_an_error(), ledgers.known_ledger(surroundings, ledger, org) as book:
        done = remove(book, age, person(surroundings.environ))
    tell_done(lambda: tell(pruned_text(done)))
    return 3 if done.not_cleaned and not done.is_on_a_server else 0


@command.command("rebuild")
@org_option
@ledger_option
@click.pass_obj
def rebuild(surroundings: Surroundings, org: str, ledger: str | None) -> int:
    """Read a lost ledger back from the org: every note of ours with a key counts as escalated.

    It only reads the org. Facts that stood only in the ledger stay lost, such as an adopted backlog: look at
    `run --dry-run` before the next run.
    """
    from sfdc_escalator.reports.text.by_hand.changes import rebuild_text
    from sfdc_escalator.wiring import errand

    found = errand.rebuild(errand.Errand(surroundings, org, ledger))
    tell_done(lambda: tell_news(rebuild_text(found.rebuilt, found.ledger)))
    return 0
