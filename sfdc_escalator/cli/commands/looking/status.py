"""`status`: the last run and what is open, from the ledger alone."""

from datetime import UTC, datetime, timedelta

import click

from sfdc_escalator.cli.manner import all_option
from sfdc_escalator.cli.options import Instant, Seconds, json_option, ledger_option, option, org_option
from sfdc_escalator.cli.output import page_for, tell, tell_json
from sfdc_escalator.wiring.surroundings import Surroundings

WAITS = 3


@click.command("status")
@org_option
@ledger_option
@option(
    "--expect-every",
    type=Seconds(),
    default="1h",
    show_default=True,
    metavar="T",
    help="A run is due once in this time.",
)
@option("--now", type=Instant(), metavar="ISO", help="Use this time in place of that of the last run.")
@option("--check", is_flag=True, help="Also check that every open escalation goes on, or has ended for a reason.")
@all_option
@json_option
@click.pass_obj
def command(
    surroundings: Surroundings,
    org: str,
    ledger: str | None,
    expect_every: float,
    now: datetime | None,
    check: bool,
    as_json: bool,
) -> int:
    """Show what is open, due, held and next, what waits for a person, and the last run. The org is not asked.

    All is as of the last run's time, or as of --now; --expect-every compares the clock of this machine.

    Exit code 3 when there was no live run for longer than --expect-every, when something waits for
    a person, or when --check finds an escalation that runs passed by.
    """
    from sfdc_escalator.reports.json.status import status_json
    from sfdc_escalator.reports.text.status.page import silence, status_text
    from sfdc_escalator.wiring import errand

    found = errand.status(errand.Errand(surroundings, org, ledger, now=now), check=check)
    silent = silence(found, datetime.now(UTC), timedelta(seconds=expect_every))
    code = WAITS if silent or found.needs_a_person else 0
    if as_json:
        tell_json({**status_json(found, silent), "exit": code})
    else:
        tell(status_text(found, silent, page_for(surroundings.environ)))
    return code
