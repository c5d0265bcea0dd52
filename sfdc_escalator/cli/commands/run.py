"""`run`: the cron job, and its rehearsal."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from sfdc_escalator.cli.confirming import confirm, yes_option
from sfdc_escalator.cli.manner import all_option
from sfdc_escalator.cli.options import (
    FilePath,
    Instant,
    Seconds,
    check_apart,
    clock_option,
    json_option,
    ledger_option,
    option,
    org_option,
    policy_option,
)
from sfdc_escalator.cli.output import page_for, tell, tell_done, tell_json, warn
from sfdc_escalator.wiring.surroundings import Surroundings

if TYPE_CHECKING:
    from sfdc_escalator.pipeline.preparing.prepare import Prepared
    from sfdc_escalator.reports.page import Page
    from sfdc_escalator.wiring.errand import Done

WORK_TO_DO = 10


@click.command("run")
@org_option
@policy_option
@ledger_option
@option("--dry-run", is_flag=True, help="Show everything that a run would do, and write nothing to org or ledger.")
@option("--case", "case", metavar="CASE", help="Only this case, by number or id; shows also why it does not match.")
@option("--route", "route", metavar="ROUTE", help="Only the escalations of this route.")
@option("--limit", "limit", type=click.IntRange(min=1), help="At most N escalations, the most pressing first.")
@option(
    "--backlog",
    type=click.Choice(["adopt", "escalate"]),
    help="The cases that a route matches at its first live run: `adopt` remembers them as seen and writes nothing to "
    "the org, `escalate` escalates them.",
)
@option("--now", type=Instant(), metavar="ISO", help="With --dry-run: use this time in place of the org's clock.")
@clock_option
@option(
    "--deadline",
    type=Seconds(),
    metavar="T",
    help="Begin no new chunk after this time, such as 90s, 10m or 1h; calls under way end then.",
)
@option(
    "--expect-every",
    type=Seconds(),
    metavar="D",
    help="A run is due once in this time. After a missed one, runs with nothing to do begin a new row in the ledger; "
    "without D after a gap of more than three times the shortest.",
)
@option("--metrics", type=FilePath(), metavar="FILE", help="Write Prometheus metrics of a live run to this plain file.")
@option(
    "--left-alone",
    type=FilePath(),
    metavar="FILE",
    help="Write the cases that no route matches to this plain file, as JSON, each with its reason against every route.",
)
@option(
    "--out",
    type=FilePath(),
    metavar="FILE",
    help="With --dry-run: save the plan in this file, for `apply`. It holds the notes; only you may read it.",
)
@option(
    "--diff",
    "against",
    type=FilePath(),
    metavar="PLAN",
    help="With --dry-run: say what a plan of now would add to this saved plan, drop and change.",
)
@option(
    "--html",
    "html",
    type=FilePath(),
    metavar="FILE",
    help="With --dry-run: write the plan to this file as an HTML page.",
)
@option(
    "--exit-code",
    "exit_code",
    is_flag=True,
    help="Exit with 10 when there is work to do; with --diff, when a plan of now is another.",
)
@yes_option
@all_option
@json_option
@click.pass_obj
def command(
    surroundings: Surroundings,
    org: str,
    policies: tuple[Path, ...],
    ledger: str | None,
    dry_run: bool,
    case: str | None,
    route: str | None,
    limit: int | None,
    backlog: Literal["adopt", "escalate"] | None,
    now: datetime | None,
    accept_clock: bool,
    deadline: float | None,
    expect_every: float | None,
    metrics: Path | None,
    left_alone: Path | None,
    out: Path | None,
    against: Path | None,
    html: Path | None,
    exit_code: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Find the cases that match and escalate them: note first, then queue, status and priority.

    A live run at a terminal asks before its first write, unless --yes is given. Exit codes: 0 done, 2 invalid input,
    3 something needs a person, or stopped by a signal, 4 the plan withheld a part, or you said no, 5 the org cannot be
    reached, 10 work to do (with --exit-code).
    """
    if now is not None and not dry_run:
        raise click.UsageError("--now is for --dry-run only: a live run uses the org's time")
    from sfdc_escalator.cli.commands.plans.saving import check_saving, save

    check_saving(out, against, now, dry_run=dry_run)
    written = [("--out", out), ("--html", html), ("--left-alone", left_alone), ("--metrics", metrics)]
    check_apart(written, [("--policy", one) for one in policies])
    if html is not None:
        check_html(html, dry_run=dry_run)
    from sfdc_escalator.escalation.planning.run_options import RunOptions
    from sfdc_escalator.wiring import errand as errands
    from sfdc_escalator.wiring.watching import watched

    options = RunOptions(backlog, limit, route, case, accept_clock)
    about = surroundings, org, ledger, policies, options, now, deadline
    errand = errands.Errand(*about, left_alone, expect_every)

    def code_of(done: "Done") -> int:
        return done.result.exit_code or (WORK_TO_DO if exit_code and done.result.work_to_do else 0)

    def shown(done: "Done") -> Callable[[], None]:
        """The report, ready to be printed."""
        if as_json:
            return partial(tell_json, as_object(done, org, code_of(done), dry_run=dry_run))
        return partial(tell, as_text(done, org, page_for(surroundings.environ), in_full=case is not None))

    if dry_run:
        if against:
            from sfdc_escalator.cli.commands.plans.comparing import compared
            from sfdc_escalator.wiring.plans.saved import read

            done, errand, report, code = compared(
                errand, read(against), as_object, as_json=as_json, exit_code=exit_code
            )
        else:
            done = errands.rehearse(errand)
            report, code = shown(done), code_of(done)
        if out:
            save(out, done, errand)
        if html:
            write_plan_page(html, done, org)
        report()
        if not against:
            report_waiting(done, org, surroundings.run_log)
        return code
    with watched(errand, metrics) as watch:
        done = errands.run(errand, partial(ask, org, yes))
        report = shown(done)
        watch.end(done.result.exit_code, done.result)
    tell_done(report)
    report_waiting(done, org, surroundings.run_log)
    return code_of(done)


def ask(org: str, yes: bool, prepared: "Prepared") -> None:
    """Asks the person at the terminal for the consent to write. Raises NotConfirmed, StoppedEarly."""
    from sfdc_escalator.reports.text.outcomes.summary import question, summary

    outcomes = [match.outcome for match in prepared.plan.matches]
    confirm(summary(prepared, outcomes), question(prepared, org), yes=yes)


def check_html(html: Path, *, dry_run: bool) -> None:
    """Refuses a page that could not be written, before the org is asked for anything."""
    if not dry_run:
        raise click.UsageError("--html is for --dry-run only: the page shows what a run would do")
    from sfdc_escalator.reports.whole_file import check_place

    check_place(html)


def write_plan_page(html: Path, done: "Done", org: str) -> None:
    from sfdc_escalator.reports.html.plan.plan_page import plan_html
    from sfdc_escalator.reports.whole_file import write_report

    write_report(html, plan_html(done.result, org, map(str, done.warnings)))


def report_waiting(done: "Done", org: str, log: str | None) -> None:
    """Reports on stderr what waits for a person, where somebody gets that by mail and it is due."""
    if log is None or not done.result.reports:
        return
    from sfdc_escalator.reports.text.waiting import Heading, mail_text

    result = done.result
    heading = Heading(org, result.run, result.exit_code, log, result.is_rehearsal)
    warn(mail_text(heading, result.waitlist.entries, result.waitlist.count))


def as_object(done: "Done", org: str, code: int, *, dry_run: bool) -> dict[str, Any]:
    from sfdc_escalator.reports.json.run import run_json

    warned = [str(problem) for problem in done.warnings]
    return {**run_json(done.result, org), "dry_run": dry_run, "exit": code, "warnings": warned}


def as_text(done: "Done", org: str, page: "Page", *, in_full: bool) -> str:
    from sfdc_escalator.reports.text.run import run_text

    return run_text(done.result, org, all_notes=in_full, page=page, warned=[str(one) for one in done.warnings])
