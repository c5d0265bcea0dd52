"""`apply`: carries out a saved plan, exactly as it was approved."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sfdc_escalator.cli.confirming import confirm, yes_option
from sfdc_escalator.cli.options import FilePath, Seconds, clock_option, json_option, ledger_option, option
from sfdc_escalator.cli.output import page_for, tell, tell_done, tell_json
from sfdc_escalator.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from sfdc_escalator.escalation.saved.plan import SavedPlan
    from sfdc_escalator.pipeline.saved.result import SavedResult


@click.command("apply")
@click.argument("plan", type=FilePath(), metavar="PLAN")
@option("--partial", is_flag=True, help="Leave out the orders that are different now, and carry out the others.")
@option(
    "--max-age",
    type=Seconds(),
    default="24h",
    show_default=True,
    metavar="T",
    help="Refuse a plan that is older than this by the org's clock.",
)
@option("--org", help="The org: a name in config/orgs.yaml, `env` or sf:ALIAS. Default: that of the plan.")
@ledger_option
@clock_option
@option(
    "--deadline",
    type=Seconds(),
    metavar="T",
    help="Begin no new chunk after this time, such as 90s, 10m or 1h; calls under way end then.",
)
@yes_option
@json_option
@click.pass_obj
def command(
    surroundings: Surroundings,
    plan: Path,
    partial: bool,
    max_age: float,
    org: str | None,
    ledger: str | None,
    accept_clock: bool,
    deadline: float | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Carry out a PLAN that `run --dry-run --out PLAN` saved: exactly its orders with their notes, or none of them.

    The plan is refused where a case is not as it was: another owner, status or priority, a new comment, a hold, closed,
    deleted, merged, or escalated by anything else. The same command again carries out what is left, never anything
    twice. Exit codes: 0 done, 2 not a plan, 3 something is left to do or needs a person, 4 refused, 5 the org cannot be
    reached.
    """
    from sfdc_escalator.pipeline.saved.carry_out import ApplyTerms
    from sfdc_escalator.wiring.errand import Errand
    from sfdc_escalator.wiring.plans.saved import apply_plan, read

    saved = read(plan)
    errand = Errand(surroundings, org or saved.org, ledger, deadline=deadline)
    ask(saved, errand.org, yes=yes)
    terms = ApplyTerms(partial, timedelta(seconds=max_age), accept_clock)
    result = apply_plan(errand, saved, terms)
    tell_done(report(result, errand.org, surroundings, as_json=as_json))
    return result.exit_code


def ask(plan: "SavedPlan", org: str, *, yes: bool) -> None:
    """Asks the person at the terminal for the consent to write. Raises NotConfirmed, StoppedEarly."""
    from sfdc_escalator.errors import counted
    from sfdc_escalator.reports.values import visible

    orders = counted(len(plan.orders), "order")
    made = f"{orders} of {plan.now:%Y-%m-%d %H:%M} UTC, made by {visible(plan.made_by)}"
    if plan.orders:
        confirm(made, f"Apply this plan in {visible(org)}?", yes=yes)


def report(result: "SavedResult", org: str, surroundings: Surroundings, *, as_json: bool) -> "partial[Any]":
    """The report, ready to be printed."""
    if as_json:
        from sfdc_escalator.reports.saved.as_json import applied_json

        return partial(tell_json, {**applied_json(result, org), "dry_run": False, "exit": result.exit_code})
    from sfdc_escalator.reports.saved.as_text import applied_text

    return partial(tell, applied_text(result, page_for(surroundings.environ)))
