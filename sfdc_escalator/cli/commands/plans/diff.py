"""`diff`: a saved plan against a plan of now."""

from pathlib import Path

import click

from sfdc_escalator.cli.options import FilePath, clock_option, json_option, ledger_option, option, policy_option
from sfdc_escalator.wiring.surroundings import Surroundings


@click.command("diff")
@click.argument("plan", type=FilePath(), metavar="PLAN")
@option("--org", help="The org: a name in config/orgs.yaml, `env` or sf:ALIAS. Default: that of the plan.")
@policy_option
@ledger_option
@clock_option
@option("--exit-code", "exit_code", is_flag=True, help="Exit with 10 when a plan of now is another.")
@json_option
@click.pass_obj
def command(
    surroundings: Surroundings,
    plan: Path,
    org: str | None,
    policies: tuple[Path, ...],
    ledger: str | None,
    accept_clock: bool,
    exit_code: bool,
    as_json: bool,
) -> int:
    """Say what a plan of now, with the same choices, would add to a saved PLAN, drop and change. Nothing is written.

    Compared are the cases, routes and steps, and the notes of a policy that changed; not times. Exit codes: 0, with
    --exit-code 10 when a plan of now is another; 2 not a plan, 3 a route cannot be read, 4 the plan is damaged or of
    another org.
    """
    from sfdc_escalator.cli.commands.plans.comparing import compared
    from sfdc_escalator.cli.commands.run import as_object
    from sfdc_escalator.escalation.planning.run_options import RunOptions
    from sfdc_escalator.wiring.errand import Errand
    from sfdc_escalator.wiring.plans.saved import read

    saved = read(plan)
    errand = Errand(surroundings, org or saved.org, ledger, policies, RunOptions(accept_clock=accept_clock))
    found = compared(errand, saved, as_object, as_json=as_json, exit_code=exit_code)
    found.report()
    return found.code
