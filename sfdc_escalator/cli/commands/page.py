"""`page`: a policy as a page for the people who follow it."""

from pathlib import Path

import click

from sfdc_escalator.cli.options import FilePath, option
from sfdc_escalator.cli.output import tell, warn
from sfdc_escalator.reports.values import visible
from sfdc_escalator.wiring.surroundings import Surroundings


@click.command("page")
@click.argument("policy", metavar="POLICY", type=FilePath())
@option("--html", "html", type=FilePath(), metavar="FILE", required=True, help="Write the page to this file.")
@click.pass_obj
def command(surroundings: Surroundings, policy: Path, html: Path) -> int:
    """Write the procedure of a policy in words, as one HTML file to read, to print and to send.

    It says who the teams are, when a case is escalated and what is done then, what happens when nobody acts, and what
    stays with people. It needs no org. Exit codes: 0 done; 2 the policy is invalid, or the file cannot be written.
    """
    from sfdc_escalator.reports.html.procedure.procedure_page import procedure_html
    from sfdc_escalator.reports.whole_file import check_place, write_report
    from sfdc_escalator.wiring.policies import policies

    check_place(html)
    loaded = policies(surroundings, [policy])
    for problem in loaded.warnings:
        warn(f"! {visible(str(problem))}")
    [found] = loaded.policies
    write_report(html, procedure_html(found))
    tell(f"The page of {found.name} is {visible(str(html))}")
    return 0
