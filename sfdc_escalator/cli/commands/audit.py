"""`audit`: the trail of everything that was done, and the proof that nobody changed it."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sfdc_escalator.cli.commands.by_hand import person
from sfdc_escalator.cli.commands.explain import named
from sfdc_escalator.cli.groups import CommandGroup
from sfdc_escalator.cli.manner import EVERYTHING, all_option, manner
from sfdc_escalator.cli.options import (
    DayOrInstant,
    FilePath,
    json_option,
    ledger_option,
    option,
    org_option,
)
from sfdc_escalator.cli.output import page_for, tell, tell_data, tell_done, tell_json, warn
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.pipeline.read_models.audit_trail import ListedOnly
from sfdc_escalator.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from sfdc_escalator.reports.audit_export import Kind


@click.group("audit", cls=CommandGroup)
def command() -> None:
    """Show the audit trail, verify it, export it for others, erase the texts of a case."""


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
@option("--case", metavar="CASE", help="Those of this case alone: number, id, or the address of its page.")
@option("--route", metavar="R", help="Those of this route alone: `route`, or `policy/route`.")
@option("--run", metavar="RUN", help="Those that this run changed.")
@option("--since", type=DayOrInstant(), metavar="T", help="Those whose last event is at T or later.")
@option("--until", type=DayOrInstant(), metavar="T", help="Those whose last event is before T.")
@option("--state", type=click.Choice([one.value for one in EscalationState]), help="Those in this state.")
@all_option
@json_option
@click.pass_obj
def list_(surroundings: Surroundings, /, org: str, ledger: str | None, limit: int, as_json: bool, **only: Any) -> int:
    """List the escalations in the ledger, newest first. T is an instant or a day, as the events have it (`at`)."""
    from sfdc_escalator.ledger.trail.audit import audit_list
    from sfdc_escalator.wiring.ledgers import trail as open_trail

    in_order(("--since", only["since"]), ("--until", only["until"]))
    wanted = ListedOnly(**{**only, "case": only["case"] and named(only["case"])})
    with open_trail(surroundings, ledger, org) as trail:
        most = EVERYTHING if manner().everything else limit
        found = audit_list(trail, most + 1, wanted)
    entries = found[:most]
    if as_json:
        from sfdc_escalator.reports.json.audit import list_json

        tell_json({**list_json(trail.where, entries), "exit": 0})
    else:
        from sfdc_escalator.reports.text.audit import list_text

        about = {"filtered": any(only.values()), "cut": len(found) > most}
        tell(list_text(trail.where, entries, page_for(surroundings.environ), **about))
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
    from sfdc_escalator.ledger.audit.verification import verify as verify_trail
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


@command.command("export")
@option("--from", "begin", type=DayOrInstant(), metavar="T", help="Events at T or later. Default: from the first.")
@option("--to", "end", type=DayOrInstant(), metavar="T", help="Events before T. Default: to the newest.")
@option(
    "--format",
    "kind",
    type=click.Choice(["jsonl", "csv"]),
    default="jsonl",
    show_default=True,
    help="A JSON object per line, or CSV with a heading.",
)
@option("--out", type=FilePath(), metavar="FILE", help="Write to this new FILE. Default: to stdout.")
@org_option
@ledger_option
@click.pass_obj
def export(
    surroundings: Surroundings,
    begin: datetime | None,
    end: datetime | None,
    kind: "Kind",
    out: Path | None,
    org: str,
    ledger: str | None,
) -> int:
    """Export the chain of events, for people who verify it without this program.

    T is an instant or a day, by the time of the events (`at`, the ledger's clock). Each line has `seq`, `at`, `org_at`,
    `prev`, `hash` and `body`; hash is SHA-256 of the bytes of prev and of body. It holds no texts of customers, only
    their salted hashes. docs/verify-export.py of `init` verifies it.
    """
    from sfdc_escalator.ledger.audit.export import exported
    from sfdc_escalator.reports.audit_export import write_export
    from sfdc_escalator.reports.whole_file import new_report
    from sfdc_escalator.wiring.ledgers import trail as open_trail

    in_order(("--from", begin), ("--to", end))
    with open_trail(surroundings, ledger, org) as trail, exported(trail, begin, end) as events:
        if out is None:
            warn(f"Exported: {write_export(events, kind, tell_data).text}")
            return 0
        with new_report(out) as stream:
            done = write_export(events, kind, stream.write)
    tell_done(lambda: tell(f"{out}: {done.text}"))
    return 0


def in_order(first: tuple[str, datetime | None], last: tuple[str, datetime | None]) -> None:
    """Raises UsageError for a period that ends before it begins, or has no length."""
    if first[1] and last[1] and first[1] >= last[1]:
        begin, end = (f"{name} {at:%Y-%m-%dT%H:%M:%SZ}" for name, at in (first, last) if at)
        raise click.UsageError(f"{begin} is not before {end}: the period has no length")


@command.command("erase")
@click.argument("case")
@option("--why", required=True, metavar="W", help="The reason. It stays in the trail: name no customer here.")
@org_option
@ledger_option
@json_option
@click.pass_obj
def erase(surroundings: Surroundings, case: str, why: str, org: str, ledger: str | None, as_json: bool) -> int:
    """Erase the texts of a CASE (number, id, or the address of its page) from the ledger, for good.

    Notes, messages, reasons and what persons typed about it go, with their salts, also from the files of the ledger.
    The trail still verifies: it holds salted hashes, keys, ids and times, and records who erased and why. Ladders go
    on. While a run is at work, or notices about the case are not sent yet, nothing is erased (exit code 3). Nothing is
    changed in the org.
    """
    from sfdc_escalator.wiring.by_hand.outbox import erased
    from sfdc_escalator.wiring.errand import Errand

    by = person(surroundings.environ)
    done = erased(Errand(surroundings, org, ledger), named(case), by, why)
    code = 3 if done.not_cleaned and not done.is_on_a_server else 0
    if as_json:
        from sfdc_escalator.reports.json.audit import erased_json

        tell_done(lambda: tell_json({**erased_json(done, by, why), "exit": code}))
    else:
        from sfdc_escalator.reports.text.audit import erased_text

        tell_done(lambda: tell(erased_text(done)))
    return code
