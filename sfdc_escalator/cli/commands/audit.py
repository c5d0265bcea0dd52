"""`audit`: the trail of what was done, and the proof that nobody changed it."""

import json

import click

from sfdc_escalator.cli.options import json_option, ledger_option, option, org_option


@click.group("audit")
def command() -> None:
    """Look at the audit trail, and verify it."""


@command.command("list")
@org_option
@ledger_option
@option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The newest so many.")
@json_option
def list_(org: str, ledger: str | None, limit: int, as_json: bool) -> int:
    """The escalations that the ledger knows, newest first."""
    from sfdc_escalator import wiring
    from sfdc_escalator.ledger.trail.audit import audit_list

    with wiring.trail(ledger, org) as trail:
        entries = audit_list(trail, limit)
    if as_json:
        from sfdc_escalator.reports.json.audit import list_json

        click.echo(json.dumps({**list_json(trail.where, entries), "exit": 0}))
    else:
        from sfdc_escalator.reports.text.audit import list_text

        click.echo(list_text(trail.where, entries))
    return 0


@command.command("show")
@click.argument("key")
@org_option
@ledger_option
@json_option
def show(key: str, org: str, ledger: str | None, as_json: bool) -> int:
    """Everything that happened to one escalation, by its key (ESC-XXXX-XXXX-XXXX)."""
    from sfdc_escalator import wiring
    from sfdc_escalator.ledger.trail.audit import audit_show

    with wiring.trail(ledger, org) as trail:
        events = audit_show(trail, key)
    if as_json:
        from sfdc_escalator.reports.json.audit import show_json

        click.echo(json.dumps({**show_json(trail.where, key, events), "exit": 0}, ensure_ascii=False))
    else:
        from sfdc_escalator.reports.text.audit import show_text

        click.echo(show_text(events))
    return 0


@command.command("verify")
@org_option
@ledger_option
@option("--head", help="A head printed by an earlier run: it must be part of the trail.")
@json_option
def verify(org: str, ledger: str | None, head: str | None, as_json: bool) -> int:
    """Prove that the trail is whole: exit 0 when it is, 6 when anything was changed."""
    from sfdc_escalator import wiring
    from sfdc_escalator.errors import AuditBroken
    from sfdc_escalator.ledger.trail.verification import verify as verify_trail

    with wiring.trail(ledger, org) as trail:
        found = verify_trail(trail, head)
    code = AuditBroken.exit_code if found.problems else 0
    if as_json:
        from sfdc_escalator.reports.json.audit import verify_json

        click.echo(json.dumps({**verify_json(trail.where, found), "exit": code}, ensure_ascii=False))
    else:
        from sfdc_escalator.reports.text.audit import verify_text

        click.echo(verify_text(trail.where, found))
    return code
