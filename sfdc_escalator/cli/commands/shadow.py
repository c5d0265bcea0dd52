"""`shadow`: policies beside the rules of the org."""

from datetime import timedelta
from pathlib import Path

import click

from sfdc_escalator.cli.manner import all_option
from sfdc_escalator.cli.options import FilePath, Seconds, json_option, option, org_option, policy_option
from sfdc_escalator.cli.output import page_for, tell, tell_json, warn
from sfdc_escalator.reports.values import visible
from sfdc_escalator.wiring.surroundings import Surroundings

MOST_DAYS = 730
LONGEST = MOST_DAYS * 86400.0
"""Salesforce keeps the history of a field for two years."""


@click.command("shadow")
@policy_option
@option("--since", required=True, type=Seconds(), metavar="T", help="Compare what was done in this time, such as 7d.")
@org_option
@option("--html", "html", type=FilePath(), metavar="FILE", help="Write the comparison to this file, as an HTML page.")
@all_option
@json_option
@click.pass_obj
def command(
    surroundings: Surroundings,
    policies: tuple[Path, ...],
    since: float,
    org: str,
    html: Path | None,
    as_json: bool,
) -> int:
    """Compare what the policies would have done with what Salesforce's own rules did. Only reads.

    What the rules did stands in the history of cases: owner, priority and IsEscalated, changed by the user Automated
    Process or as the case was made. The policies are judged minute by minute, as if these rules had been off. Exit
    codes: 0 compared, whatever was found; 3 something that the policies would do cannot be compared, and the report
    says what; 2 a policy or an option is not valid; 5 the org cannot be reached, or nobody may read CaseHistory.
    """
    if not 0 < since <= LONGEST:
        message = f"expected a time of at most {MOST_DAYS}d: Salesforce keeps the history of cases no longer"
        raise click.BadParameter(message, param_hint="--since")
    from sfdc_escalator.reports.whole_file import check_place, write_report
    from sfdc_escalator.wiring.errand import Errand
    from sfdc_escalator.wiring.looking.shadow import shadow

    if html is not None:
        check_place(html)
    errand = Errand(surroundings, org, policies=policies)
    result, warnings = shadow(errand, timedelta(seconds=since))
    for problem in warnings:
        warn(f"! {visible(str(problem))}")
    if html is not None:
        from sfdc_escalator.reports.shadow.html import shadow_html

        write_report(html, shadow_html(result))
    if as_json:
        from sfdc_escalator.reports.shadow.json import shadow_json

        tell_json({"org": org, **shadow_json(result), "exit": result.exit_code})
    else:
        from sfdc_escalator.reports.shadow.text import shadow_text

        tell(shadow_text(result, page_for(surroundings.environ)))
        if html is not None:
            tell(f"The page is {visible(str(html))}")
    return result.exit_code
