"""`status`: how things stand, by the ledger alone."""

import json
from datetime import UTC, datetime, timedelta

import click

from sfdc_escalator.cli.options import Seconds, json_option, ledger_option, option, org_option

SILENT = 3


@click.command("status")
@org_option
@ledger_option
@option("--expect-every", type=Seconds(), default="1h", show_default=True, metavar="T", help="How often a run is due.")
@json_option
def command(org: str, ledger: str | None, expect_every: float, as_json: bool) -> int:
    """The last run, what it did, what is open, and what waits for a person. The org is not asked.

    Exit code 3 when there was no live run for longer than --expect-every.
    """
    from sfdc_escalator import wiring
    from sfdc_escalator.ledger.trail.status import ledger_status
    from sfdc_escalator.reports.json.status import status_json
    from sfdc_escalator.reports.text.status import silence, status_text

    with wiring.trail(ledger, org) as trail:
        found = ledger_status(trail)
    silent = silence(found, datetime.now(UTC), timedelta(seconds=expect_every))
    code = SILENT if silent else 0
    if as_json:
        click.echo(json.dumps({**status_json(found, silent), "exit": code}, ensure_ascii=False))
    else:
        click.echo(status_text(found, silent))
    return code
