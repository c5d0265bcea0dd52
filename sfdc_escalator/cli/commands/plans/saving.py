"""Saves the plan of a dry run in a file."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sfdc_escalator.cli.output import warn
from sfdc_escalator.reports.values import visible

if TYPE_CHECKING:
    from sfdc_escalator.wiring.errand import Done, Errand


def check_saving(out: Path | None, against: Path | None, now: datetime | None, *, dry_run: bool) -> None:
    """Raises UsageError for options that do not go together, Invalid where the file cannot be written."""
    for name, value in (("--out", out), ("--diff", against)):
        if value and not dry_run:
            raise click.UsageError(f"{name} is for --dry-run only: a live run carries out its own plan")
    if out and now is not None:
        raise click.UsageError("--out does not go together with --now: a plan to apply is made at the org's time")
    if out:
        from sfdc_escalator.wiring.plans.saved import check_place

        check_place(out)


def save(out: Path, done: "Done", errand: "Errand") -> None:
    """Saves the plan in the file."""
    from sfdc_escalator.cli.commands.by_hand import person
    from sfdc_escalator.wiring.plans.saved import keep

    sha256 = keep(out, done, errand, person(errand.surroundings.environ))
    warn(f"the plan was saved in {visible(str(out))} (sha256 {sha256})")
