"""`backtest`: replay a policy over a history file."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import click

from sfdc_escalator.cli.options import Instant, Seconds, json_option, option


class Outage(click.ParamType[tuple[datetime, datetime]]):
    """Two instants with a slash between them."""

    name = "from/to"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, tuple):
            return value
        begin, slash, end = str(value).partition("/")
        if not slash:
            self.fail(f"{value!r} is not FROM/TO, two instants with a slash between them", param, ctx)
        found = Instant().convert(begin, param, ctx), Instant().convert(end, param, ctx)
        if found[0] >= found[1]:
            self.fail(f"{value!r} ends before it begins", param, ctx)
        return found


@click.command("backtest")
@option("--policy", required=True, type=click.Path(path_type=Path), help="The policy file to replay.")
@option("--events", required=True, type=click.Path(path_type=Path), help="The history: a CSV file, gzip or not.")
@option("--mapping", required=True, type=click.Path(path_type=Path), help="What its columns mean, in YAML.")
@option("--from", "start", required=True, type=Instant(), metavar="ISO", help="The first poll.")
@option("--to", "end", required=True, type=Instant(), metavar="ISO", help="The last poll, at the latest.")
@option("--every", required=True, type=Seconds(), metavar="T", help="The time between two polls, such as 15m or 1h.")
@option("--outage", "outages", multiple=True, type=Outage(), help="No polls from FROM until TO; repeatable.")
@option(
    "--episodes",
    type=click.Choice(["first", "all"]),
    default="first",
    show_default=True,
    help="What a run would escalate; or every time that a route's own condition begins to hold.",
)
@option("--diff", "other", type=click.Path(path_type=Path), help="Another policy: tell the cases treated otherwise.")
@option("--out", type=click.Path(path_type=Path, allow_dash=True), help="Write the CSV here; without it to stdout.")
@json_option
def command(
    policy: Path,
    events: Path,
    mapping: Path,
    start: datetime,
    end: datetime,
    every: float,
    outages: tuple[tuple[datetime, datetime], ...],
    episodes: Literal["first", "all"],
    other: Path | None,
    out: Path | None,
    as_json: bool,
) -> int:
    """Replay a policy over a history file: which cases would have been escalated, when, by which route.

    The very same decisions as in a run, at the polls of the past. No org is needed, and nothing is written but --out.
    """
    if start > end:
        raise click.UsageError("--from lies after --to")
    if every <= 0:
        raise click.UsageError("--every must be longer than 0")
    from sfdc_escalator import wiring
    from sfdc_escalator.backtest.backtest import backtest
    from sfdc_escalator.backtest.difference import differences
    from sfdc_escalator.backtest.mapping import load_mapping
    from sfdc_escalator.backtest.polls import Polls
    from sfdc_escalator.cli.commands.run import progress
    from sfdc_escalator.reports.json import backtest as as_object
    from sfdc_escalator.reports.text import backtest as as_text
    from sfdc_escalator.reports.text import backtest_csv as as_csv
    from sfdc_escalator.reports.values import instant

    # Each by itself: the two of a difference may well bear one name.
    loaded = [wiring.policies([path]) for path in (policy, other) if path]
    for problem in (problem for one in loaded for problem in one.warnings):
        click.echo(f"! {problem}", err=True)
    meaning = load_mapping(mapping)
    try:
        polls = Polls(start, end, timedelta(seconds=every), outages)
    except ValueError as error:
        raise click.UsageError(f"--every: {error}") from None
    with progress() as tell:
        found = [backtest(one, events, meaning, polls, episodes, tell) for each in loaded for one in each.policies]
    file = None if out is None or str(out) == "-" else out
    if other:
        unlike = list(differences(found[0].matches, found[1].matches))
        report, listed = as_object.difference_json(found, unlike), as_object.differences_json(unlike)
        page, text = as_csv.differences_csv(unlike), as_text.difference_text(unlike, found)
    else:
        report, listed = as_object.backtest_json(found[0]), as_object.matches_json(found[0].matches)
        page, text = as_csv.matches_csv(found[0].matches), as_text.backtest_text(found[0], str(file))
    if file is not None:
        as_csv.write_csv(file, page)
    if as_json:
        report |= {"from": instant(start), "to": instant(end), "every_seconds": every, "episodes": episodes}
        report |= {"out": file and str(file)} | ({} if file is not None else {"listed": listed})
        click.echo(json.dumps({**report, "exit": 0}, ensure_ascii=False))
    else:
        click.echo(page if file is None else text, nl=file is not None)
    return 0
