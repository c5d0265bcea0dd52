"""`audit`: the trail of everything that was done, and the proof that nobody changed it."""

import click

from sfdc_escalator.cli.manner import EVERYTHING, all_option, manner
from sfdc_escalator.cli.options import json_option, ledger_option, option, org_option
from sfdc_escalator.cli.output import page_for, tell, tell_json
from sfdc_escalator.wiring.surroundings import Surroundings


@click.group("audit")
def command() -> None:
    """Show the audit trail, and verify it."""


@command.command("list")
@org_option
@ledger_option
@option(
    "--limit",
    type=click.IntRange(1, EVERYTHING),
    default=50,
    show_default=True,
    help="At most N escalations, the newest first.",
)
@all_option
@json_option
@click.pass_obj
def list_(surroundings: Surroundings, org: str, ledger: str | None, limit: int, as_json: bool) -> int:
    """List the escalations in the ledger, newest first."""
    from sfdc_escalator.ledger.trail.audit import audit_list
    from sfdc_escalator.wiring.ledgers import trail as open_trail

    with open_trail(surroundings, ledger, org) as trail:
        entries = audit_list(trail, EVERYTHING if manner().everything else limit)
    if as_json:
        from sfdc_escalator.reports.json.audit import list_json

        tell_json({**list_json(trail.where, entries), "exit": 0})
    else:
        from sfdc_escalator.reports.text.audit import list_text

        tell(list_text(trail.where, entries, page_for(surroundings.environ)))
    return 0


@command.command("show")
@click.argument("key")
@org_option
@ledger_option
@json_option
@click.pass_obj
def show(surroundings: Surroundings, key: str, org: str, ledger: str | None, as_json: bool) -> int:
    """Show everything that happened to one escalation, by its key (ESC-XXXX-XXXX-XXXX)."""
    from sfdc_escalator.ledger.trail.audit import audit_show
    from sfdc_escalator.wiring.ledgers import trail as open_trail

    with open_trail(surroundings, ledger, org) as trail:
        events = audit_show(trail, key)
    if as_json:
        from sfdc_escalator.reports.json.audit import show_json

        tell_json({**show_json(trail.where, key, events), "exit": 0})
    else:
        from sfdc_escalator.reports.text.audit import show_text

        tell(show_text(events))
    return 0


@command.command("verify")
@org_option
@ledger_option
@option("--head", help="The audit head that an earlier run printed: it must be part of the trail.")
@json_option
@click.pass_obj
def verify(surroundings: Surroundings, org: str, ledger: str | None, head: str | None, as_json: bool) -> int:
    """Prove that the trail is complete and unchanged: exit code 0 when it is, 6 when it is not."""
    from sfdc_escalator.errors import AuditBroken
    from sfdc_escalator.ledger.trail.verification import verify as verify_trail
    from sfdc_escalator.wiring.ledgers import trail as open_trail

    with open_trail(surroundings, ledger, org) as trail:
        found = verify_trail(trail, head)
    code = AuditBroken.exit_code if found.problems else 0
    if as_json:
        from sfdc_escalator.reports.json.audit import verify_json

        tell_json({**verify_json(trail.where, found), "exit": code})
    else:
        from sfdc_escalator.reports.text.audit import verify_text

        tell(verify_text(trail.where, found, page_for(surroundings.environ)))
    return code
