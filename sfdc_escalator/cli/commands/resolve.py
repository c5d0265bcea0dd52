"""`resolve`: a person settles an unknown outcome."""

import os
import pwd
from collections.abc import Mapping
from typing import Literal

import click

from sfdc_escalator.cli.options import ledger_option, option, org_option
from sfdc_escalator.cli.output import tell, tell_done
from sfdc_escalator.reports.values import visible
from sfdc_escalator.wiring.surroundings import Surroundings

FOLLOWS = {
    "applied": "It counts as escalated and is never sent again.",
    "absent": "The next run sends it, if the case still matches and no note with this key stands on it.",
}


@click.command("resolve")
@click.argument("key")
@option(
    "--as",
    "outcome",
    type=click.Choice(["applied", "absent"]),
    required=True,
    help="applied: its note stands on the case; absent: it does not.",
)
@org_option
@ledger_option
@click.pass_obj
def command(
    surroundings: Surroundings, key: str, outcome: Literal["applied", "absent"], org: str, ledger: str | None
) -> int:
    """Record whether an escalation with an unknown outcome was written. Look at the case first.

    KEY is its key (ESC-XXXX-XXXX-XXXX). Runs settle most unknown outcomes by themselves, by reading the org; this
    command is for the rest.
    """
    from sfdc_escalator.wiring import errand

    now = errand.resolve(
        errand.Errand(surroundings, org, ledger), key, applied=outcome == "applied", by=person(surroundings.environ)
    )
    subject = f"{now.key} (case {visible(now.case_number or now.case_id)}, {now.policy}/{now.route})"
    tell_done(lambda: tell(f"{subject} is recorded as {outcome}. {FOLLOWS[outcome]}"))
    return 0


def person(environ: Mapping[str, str]) -> str:
    """The login name, or the user id without a name."""
    if name := environ.get("LOGNAME") or environ.get("USER"):
        return name
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"
