"""`backtest`: replay a policy over a history file."""

from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal, TextIO

import click

from sfdc_escalator.cli.manner import all_option
from sfdc_escalator.cli.options import FilePath, Instant, Seconds, check_apart, json_option, option
from sfdc_escalator.cli.output import page_for, tell, tell_data, tell_done, tell_json, warn
from sfdc_escalator.wiring.surroundings import Surroundings

PIECE = 1_000_000
"""The characters that stdout gets at a time."""


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


class Acts(click.ParamType[timedelta | Literal["never"]]):
    """`never`, or a duration."""

    name = "never|duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, timedelta) or value == "never":
            return value
        return timedelta(seconds=Seconds().convert(value, param, ctx))


@click.command("backtest")
@option("--policy", required=True, type=FilePath(), help="The policy file to replay.")
@option("--events", required=True, type=FilePath(), help="The history: CSV or JSON lines, gzip or not, or Parquet.")
@option("--mapping", required=True, type=FilePath(), help="The meaning of its columns, a YAML file.")
@option("--from", "start", required=True, type=Instant(), metavar="ISO", help="The first poll.")
@option("--to", "end", required=True, type=Instant(), metavar="ISO", help="No poll after this time.")
@option(
    "--every", required=True, type=Seconds(), metavar="T", help="The time between two polls, such as 15m, 1h or 1d."
)
@option("--outage", "outages", multiple=True, type=Outage(), help="No polls from FROM until TO; repeatable.")
@option(
    "--episodes",
    type=click.Choice(["first", "all"]),
    default="first",
    show_default=True,
    help="first: what a run would escalate; all: every time that the condition of a route begins to hold.",
)
@option(
    "--acknowledged",
    "acts",
    type=Acts(),
    help="When somebody acts on an escalation, where the file cannot show it: never, or this long after its start.",
)
@option("--diff", "other", type=FilePath(), help="Another policy: list the cases that the two treat differently.")
@option("--out", type=FilePath(allow_dash=True), help="Write the CSV to this file. Default: stdout.")
@all_option
@json_option
@click.pass_obj
def command(
    surroundings: Surroundings,
    policy: Path,
    events: Path,
    mapping: Path,
    start: datetime,
    end: datetime,
    every: float,
    outages: tuple[tuple[datetime, datetime], ...],
    episodes: Literal["first", "all"],
    acts: timedelta | Literal["never"] | None,
    other: Path | None,
    out: Path | None,
    as_json: bool,
) -> int:
    """Replay a policy over a history file: which cases would have been escalated, when, by which route, and which rungs
    of its ladder would have been climbed.

    The decisions are those of a run, made at polls of the past. No org is needed. Only --out is written.
    """
    if start > end:
        raise click.UsageError("--from is later than --to")
    if every <= 0:
        raise click.UsageError("--every must be longer than 0")
    file = None if out is None or str(out) == "-" else out
    read = [("--events", events), ("--mapping", mapping), ("--policy", policy), ("--diff", other)]
    check_apart([("--out", file)], read)
    from sfdc_escalator.backtest.backtest import Backtests, Choices
    from sfdc_escalator.backtest.history.mapping import load_mapping
    from sfdc_escalator.backtest.history.reader import open_history
    from sfdc_escalator.backtest.listing import Listing
    from sfdc_escalator.backtest.polls import Polls
    from sfdc_escalator.reports.json.backtest import backtest_json, difference_json
    from sfdc_escalator.reports.text.backtest import backtest_text, difference_text
    from sfdc_escalator.reports.values import instant, visible
    from sfdc_escalator.wiring.policies import policies

    # Each by itself: the two policies of a difference may have the same name.
    loaded = [policies(surroundings, [path]) for path in (policy, other) if path]
    for problem in (problem for one in loaded for problem in one.warnings):
        warn(f"! {visible(str(problem))}")
    meaning = load_mapping(mapping)
    try:
        polls = Polls(start, end, timedelta(seconds=every), outages)
    except ValueError as error:
        raise click.UsageError(f"--every: {error}") from None
    paper = page_for(surroundings.environ)
    replays = Backtests([one for each in loaded for one in each.policies], meaning, Choices(polls, episodes, acts))
    with stream_of(file, as_json=as_json) as stream:
        listing = Listing(stream, compares=other is not None, everything=paper.everything)
        with open_history(events, meaning, file and file.parent) as history:
            if history.note:
                warn(visible(history.note))
            with surroundings.progress() as progress:
                for found in replays.cases(history, progress):
                    listing.take(found)
            results = replays.results(history)
        if stream and file is None:
            tell_all(stream)
            return 0
    if as_json:
        report = difference_json(results, listing.counts) if other else backtest_json(results[0])
        report |= {"from": instant(start), "to": instant(end), "every_seconds": every, "episodes": episodes}
        report |= {"out": file and str(file)} | ({} if file is not None else {"listed": listing.rows})
        show = partial(tell_json, {**report, "exit": 0})
    elif other:
        show = partial(tell, difference_text(listing.shown, listing.counts, results, paper))
    else:
        show = partial(tell, backtest_text(results[0], str(file), paper))
    show() if file is None else tell_done(show)
    return 0


def stream_of(file: Path | None, *, as_json: bool) -> AbstractContextManager[TextIO | None]:
    """The CSV file, or one that stdout gets once it is whole; none where the rows stand in the JSON object."""
    from sfdc_escalator.reports.whole_file import put_aside, whole_report

    if file is not None:
        return whole_report(file)
    return nullcontext() if as_json else put_aside()


def tell_all(stream: TextIO) -> None:
    stream.seek(0)
    while piece := stream.read(PIECE):
        tell_data(piece)
