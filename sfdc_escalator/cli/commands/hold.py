"""`hold` and `release`: a person says that a case is not to be escalated for some time."""

from pathlib import Path

import click

from sfdc_escalator.cli.commands.explain import named
from sfdc_escalator.cli.commands.resolve import person
from sfdc_escalator.cli.options import json_option, ledger_option, option, org_option, policy_option
from sfdc_escalator.cli.output import tell, tell_done, tell_json
from sfdc_escalator.wiring.surroundings import Surroundings


@click.command("hold")
@click.argument("case")
@option("--until", required=True, metavar="T", help="A time with its zone, or a duration such as 4h; 30 days at most.")
@option("--why", required=True, metavar="W", help="The reason, for those who wonder why nobody is called.")
@option("--route", metavar="R", help="Hold this route alone, in every policy that has it.")
@org_option
@policy_option
@ledger_option
@json_option
@click.pass_obj
def command(
    surroundings: Surroundings,
    case: str,
    until: str,
    why: str,
    route: str | None,
    org: str,
    policies: tuple[Path, ...],
    ledger: str | None,
    as_json: bool,
) -> int:
    """Leave a CASE (number, id, or the address of its page) as it is for some time: no start and no rung.

    A second hold replaces the first. Time on hold does not count for rungs that count from the start; a due time stays
    as it is. Nothing is written in the org.
    """
    from sfdc_escalator.pipeline.holding import WantedHold
    from sfdc_escalator.reports.json.holds import held_json
    from sfdc_escalator.reports.text.by_hand import held_text
    from sfdc_escalator.wiring import errand

    wanted = WantedHold(until, why, person(surroundings.environ), route)
    done = errand.hold(errand.Errand(surroundings, org, ledger, policies), named(case), wanted)
    if as_json:
        tell_done(lambda: tell_json({**held_json(done), "exit": 0}))
    else:
        tell_done(lambda: tell(held_text(done)))
    return 0


@click.command("release")
@click.argument("case")
@org_option
@policy_option
@ledger_option
@json_option
@click.pass_obj
def release(
    surroundings: Surroundings, case: str, org: str, policies: tuple[Path, ...], ledger: str | None, as_json: bool
) -> int:
    """End the holds of a CASE (number, id, or the address of its page) that `hold` made. Rungs go on from the next run.

    Nothing is written in the org.
    """
    from sfdc_escalator.reports.json.holds import held_json
    from sfdc_escalator.reports.text.by_hand import released_text
    from sfdc_escalator.wiring import errand

    done = errand.release(errand.Errand(surroundings, org, ledger, policies), named(case), person(surroundings.environ))
    if as_json:
        tell_done(lambda: tell_json({**held_json(done), "exit": 0}))
    else:
        tell_done(lambda: tell(released_text(done)))
    return 0
