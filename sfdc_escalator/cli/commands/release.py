"""`release`: a person ends the holds of a case."""

from pathlib import Path

import click

from sfdc_escalator.cli.commands.explain import named
from sfdc_escalator.cli.commands.resolve import person
from sfdc_escalator.cli.options import json_option, ledger_option, org_option, policy_option
from sfdc_escalator.cli.output import tell, tell_done, tell_json
from sfdc_escalator.wiring.surroundings import Surroundings


@click.command("release")
@click.argument("case")
@org_option
@policy_option
@ledger_option
@json_option
@click.pass_obj
def command(
    surroundings: Surroundings, case: str, org: str, policies: tuple[Path, ...], ledger: str | None, as_json: bool
) -> int:
    """End the holds of a CASE (number, id, or the address of its page) that `hold` made. Rungs go on from the next run.

    Nothing is written in the org.
    """
    from sfdc_escalator.reports.json.holds import held_json
    from sfdc_escalator.reports.text.holds import released_text
    from sfdc_escalator.wiring import errand

    done = errand.release(errand.Errand(surroundings, org, ledger, policies), named(case), person(surroundings.environ))
    if as_json:
        tell_done(lambda: tell_json({**held_json(done), "exit": 0}))
    else:
        tell_done(lambda: tell(released_text(done)))
    return 0
