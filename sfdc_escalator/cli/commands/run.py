"""`run`: the cron job, and the rehearsal of it."""

import json
import sys
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from sfdc_escalator.cli.options import Instant, Seconds, json_option, ledger_option, option, org_option, policy_option
from sfdc_escalator.errors import Problem

if TYPE_CHECKING:
    from sfdc_escalator.pipeline.run import Result


@click.command("run")
@org_option
@policy_option
@ledger_option
@option("--dry-run", is_flag=True, help="Show everything a run would do, and do nothing.")
@option("--case", "case", metavar="CASE", help="One case alone, by number or id; says why not, too.")
@option("--route", "route", metavar="ROUTE", help="Only what goes by this route.")
@option("--limit", "limit", type=click.IntRange(min=1), help="At most so many escalations, the most pressing first.")
@option(
    "--backlog",
    type=click.Choice(["adopt", "escalate"]),
    help="What to do with the cases that a route finds at its first live run: remember them as seen, or escalate them.",
)
@option("--now", type=Instant(), metavar="ISO", help="With --dry-run: as if it were that time.")
@option("--deadline", type=Seconds(), metavar="T", help="Begin no new chunk after this time, such as 90s, 10m or 1h.")
@option("--metrics", type=click.Path(path_type=Path), metavar="FILE", help="Write Prometheus metrics of a live run.")
@option("--exit-code", "exit_code", is_flag=True, help="Exit with 10 when there is work to do.")
@json_option
def command(
    org: str,
    policies: tuple[Path, ...],
    ledger: str | None,
    dry_run: bool,
    case: str | None,
    route: str | None,
    limit: int | None,
    backlog: Literal["adopt", "escalate"] | None,
    now: datetime | None,
    deadline: float | None,
    metrics: Path | None,
    exit_code: bool,
    as_json: bool,
) -> int:
    """Find the cases that match and escalate them: note first, then queue, status and priority.

    Exit codes: 0 done, 2 invalid input, 3 something needs a person, 4 the plan withheld a part, 5 the org
    cannot be reached, 10 work to do (with --exit-code).
    """
    if now is not None and not dry_run:
        raise click.UsageError("--now is for --dry-run only: a live run takes the org's time")
    from sfdc_escalator import wiring
    from sfdc_escalator.cli import logs
    from sfdc_escalator.cli.stopping import stop_on_signals
    from sfdc_escalator.cli.watching import WORK_TO_DO, watched
    from sfdc_escalator.escalation.planning.run_options import RunOptions
    from sfdc_escalator.pipeline.run import carry_out, rehearse

    run = uuid.uuid4().hex[:12]
    logs.set_up(run)
    options = RunOptions(backlog, limit, route, case)
    with nullcontext() if dry_run else watched(org, metrics) as watch:
        loaded, render = wiring.policies(policies), wiring.renderer()
        with wiring.connect(org, now, deadline) as (door, caller):
            if dry_run:
                result = rehearse(
                    run, door, caller, wiring.history(ledger, caller, org), loaded.policies, options, render
                )
            else:
                with progress() as tell, wiring.ledger(ledger, caller, org) as book, stop_on_signals(deadline) as stop:
                    result = carry_out(run, door, caller, book, loaded.policies, options, render, tell, stop)
        code = result.exit_code or (WORK_TO_DO if exit_code and result.work_to_do else 0)
        show(result, loaded.warnings, org, code, dry_run=dry_run, as_json=as_json, in_full=case is not None)
        if watch:
            watch.end(code, result)
    return code


def show(
    result: "Result",
    warnings: Sequence[Problem],
    org: str,
    code: int,
    *,
    dry_run: bool,
    as_json: bool,
    in_full: bool,
) -> None:
    if as_json:
        from sfdc_escalator.reports.json.run import run_json

        warned = [str(problem) for problem in warnings]
        report = {**run_json(result, org), "dry_run": dry_run, "exit": code, "warnings": warned}
        click.echo(json.dumps(report, ensure_ascii=False))
    else:
        from sfdc_escalator.reports.text.run import run_text

        for problem in warnings:
            click.echo(f"! {problem}")
        click.echo(run_text(result, all_notes=in_full))


def progress() -> AbstractContextManager[Callable[[str, int, int], None]]:
    """A bar on a terminal; elsewhere nothing, and none of its imports."""
    if not sys.stderr.isatty():
        return nullcontext(lambda _stage, _done, _total: None)
    from sfdc_escalator.reports.terminal import progress_bar

    return progress_bar()
