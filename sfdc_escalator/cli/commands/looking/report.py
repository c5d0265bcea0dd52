"""`report`: the figures of a period, from the ledger; `page`: a policy as a page for the people who follow it."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from sfdc_escalator.cli.options import FilePath, PeriodEdge, Seconds, json_option, ledger_option, option, org_option
from sfdc_escalator.cli.output import page_for, tell, tell_json, warn
from sfdc_escalator.reports.values import visible
from sfdc_escalator.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from sfdc_escalator.pipeline.read_models.report import Report

SHORTEST = 60.0
TYPED = (ParameterSource.COMMANDLINE,)


@click.command("report")
@option("--from", "begin", type=PeriodEdge(), required=True, metavar="T", help="The first day, or the first instant.")
@option("--to", "end", type=PeriodEdge(), required=True, metavar="T", help="The day or instant after the period.")
@org_option
@option(
    "--policy",
    "policies",
    multiple=True,
    type=FilePath(),
    help="Only what this policy file did; repeatable. Default: every policy of the ledger.",
)
@ledger_option
@option("--expect-every", type=Seconds(), metavar="D", help="Count the runs that were missed: one is due in this time.")
@option(
    "--html",
    "html",
    type=FilePath(),
    metavar="FILE",
    help="Write the report to this file, as an HTML page with pictures, in place of the text.",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    begin: date,
    end: date,
    org: str,
    policies: tuple[Path, ...],
    ledger: str | None,
    expect_every: float | None,
    html: Path | None,
    as_json: bool,
) -> int:
    """Show the figures of a period: escalations, times until somebody acted, rungs, messages, runs, what the cases have
    in common.

    The period begins with --from and ends before --to. A day begins at midnight of the policies' time zone, where they
    have one in common, else of UTC. All times are the org's. Everything comes from the ledger; where --org is typed and
    the policy has `review`, the org is asked how many of its open cases have the same values.
    """
    from sfdc_escalator.wiring.errand import Errand
    from sfdc_escalator.wiring.looking import report

    if expect_every is not None and expect_every < SHORTEST:
        raise click.BadParameter("a run cannot be expected more often than once in 1m", param_hint="--expect-every")
    if html is not None:
        from sfdc_escalator.reports.whole_file import check_place

        check_place(html)
    surroundings: Surroundings = ctx.obj
    every = timedelta(seconds=expect_every) if expect_every is not None else None
    typed = ctx.get_parameter_source("org") in TYPED
    asked = report.Asked(begin, end, datetime.now(UTC), every, of_org=typed)
    found = report.report(Errand(surroundings, org, ledger, policies), asked)
    if html is not None:
        write_page(html, found)
    if as_json:
        from sfdc_escalator.reports.json.report import report_json

        tell_json({**report_json(found), "exit": 0})
    elif html is not None:
        tell(f"The report is {visible(str(html))}")
    else:
        from sfdc_escalator.reports.text.report import report_text

        tell(report_text(found, page_for(surroundings.environ)))
    return 0


def write_page(html: Path, found: "Report") -> None:
    from sfdc_escalator.reports.html.report.report_page import report_html
    from sfdc_escalator.reports.whole_file import write_report

    write_report(html, report_html(found))


@click.command("page")
@click.argument("policy", metavar="POLICY", type=FilePath())
@option("--html", "html", type=FilePath(), metavar="FILE", required=True, help="Write the page to this file.")
@click.pass_obj
def page(surroundings: Surroundings, policy: Path, html: Path) -> int:
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
