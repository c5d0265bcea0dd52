"""`resolve`: what only a person can settle."""

import getpass
import os
import uuid
from typing import Literal

import click

from sfdc_escalator.cli.options import ledger_option, option, org_option

FOLLOWS = {
    "applied": "It counts as escalated, and is never sent again.",
    "absent": "The next run sends it, if the case still matches and no note with this key stands on it.",
}


@click.command("resolve")
@click.argument("key")
@option("--as", "outcome", type=click.Choice(["applied", "absent"]), required=True, help="Whether it was written.")
@org_option
@ledger_option
def command(key: str, outcome: Literal["applied", "absent"], org: str, ledger: str | None) -> int:
    """Say whether an escalation with an unknown outcome was written: look at the case first.

    KEY is its key (ESC-XXXX-XXXX-XXXX). Runs settle by themselves what reading the org can tell; this is for the
    rest.
    """
    from sfdc_escalator import wiring
    from sfdc_escalator.cli.busy import busy_is_an_error
    from sfdc_escalator.ledger.trail.resolution import resolve

    run = uuid.uuid4().hex[:12]
    with busy_is_an_error(), wiring.known_ledger(ledger, org) as book:
        now = resolve(book, run, key, applied=outcome == "applied", by=person())
    click.echo(
        f"{now.key} (case {now.case_number or now.case_id}, {now.policy}/{now.route}) is {outcome}, "
        f"as you said. {FOLLOWS[outcome]}"
    )
    return 0


def person() -> str:
    """The login name; a user id where there is no name for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
