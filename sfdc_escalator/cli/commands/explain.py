"""`explain`: one case with every route, and the reasons."""

import re
from datetime import datetime
from pathlib import Path

import click

from sfdc_escalator.cli.options import (
    Instant,
    clock_option,
    json_option,
    ledger_option,
    option,
    org_option,
    policy_option,
)
from sfdc_escalator.cli.output import page_for, tell, tell_json, tell_whole
from sfdc_escalator.wiring.surroundings import Surroundings

CASE_ID = re.compile(r"(?<![A-Za-z0-9])(500[A-Za-z0-9]{15}|500[A-Za-z0-9]{12})(?![A-Za-z0-9])")


@click.command("explain")
@click.argument("case")
@org_option
@policy_option
@ledger_option
@option("--now", type=Instant(), metavar="ISO", help="Use this time in place of the org's clock.")
@clock_option
@option("--as-example", is_flag=True, help="Print the case as an entry of `examples:`, without names and texts.")
@json_option
@click.pass_obj
def command(
    surroundings: Surroundings,
    case: str,
    org: str,
    policies: tuple[Path, ...],
    ledger: str | None,
    now: datetime | None,
    accept_clock: bool,
    as_example: bool,
    as_json: bool,
) -> int:
    """Explain one CASE (number, id, or the address of its page): which routes match it, which do not, why, and when.

    Nothing is written, in the org or in the ledger.
    """
    from sfdc_escalator.escalation.planning.run_options import RunOptions
    from sfdc_escalator.wiring.errand import Errand, explain

    errand = Errand(surroundings, org, ledger, policies, RunOptions(accept_clock=accept_clock), now)
    examined, warnings = explain(errand, named(case))
    if as_json:
        from sfdc_escalator.reports.json.explain import explain_json

        tell_json({**explain_json(examined), "exit": 0})
    elif as_example:
        from sfdc_escalator.reports.text.example import example_text

        tell_whole(example_text(examined))
    else:
        from sfdc_escalator.reports.text.explain import explain_text
        from sfdc_escalator.reports.values import visible

        page = page_for(surroundings.environ)
        warned = [] if page.is_quiet else [page.paint(f"! {visible(str(one))}", "yellow") for one in warnings]
        tell("\n".join([*warned, explain_text(examined, page)]))
    return 0


def named(case: str) -> str:
    """The number or id as given; of an address, the id in it."""
    if "/" not in case and "%2F" not in case:
        return case
    from urllib.parse import unquote

    from sfdc_escalator.errors import Invalid

    found = CASE_ID.search(unquote(case))
    if not found:
        page = "https://acme.lightning.force.com/lightning/r/Case/500.../view"
        raise Invalid(f"there is no case id in {case!r}: copy the address of the case's page, such as {page}")
    return found[1]
