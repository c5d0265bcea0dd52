"""`org serve`: the embedded org by itself."""

import signal
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import click

from sfdc_escalator.cli.groups import CommandGroup
from sfdc_escalator.cli.options import FilePath, Instant, Seconds, option
from sfdc_escalator.cli.output import tell_json


@click.group("org", cls=CommandGroup)
def command() -> None:
    """The embedded org: a Salesforce-like server on this machine, for demos, rehearsals and tests."""


@command.command("serve")
@option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="The port; 0 takes a free one.")
@option("--db", type=FilePath(), help="Keep data, organization id and clock in this file.")
@option("--data", type=FilePath(), help="A folder with one CSV per object; fills an empty org.")
@option("--latency", type=Seconds(), default="0s", help="How long each answer takes, such as 80ms.")
@option("--per-record", type=Seconds(), default="0s", help="How long each saved record takes, such as 2ms.")
@option("--faults", type=FilePath(), help="A JSON list of faults that the org commits.")
@option("--log", type=FilePath(), help="Write a JSON line per request to this file.")
@option("--production", is_flag=True, help="Be a production org, not a sandbox.")
@option("--now", type=Instant(), metavar="ISO", help="Set the org's clock, which runs on from there.")
def serve(
    port: int,
    db: Path | None,
    data: Path | None,
    latency: float,
    per_record: float,
    faults: Path | None,
    log: Path | None,
    production: bool,
    now: datetime | None,
) -> int:
    """Serve until SIGTERM or Ctrl-C; prints one JSON line when ready."""
    from sfdc_escalator.wiring.orgs import embedded_org

    settings = {"latency": latency, "per_record": per_record, "faults": faults, "log": log, "now": now}
    with embedded_org(port=port, db=db, data=data, production=production, **settings) as org:
        wait_for_the_end(lambda: tell_json(org.ready()))
    return 0


def wait_for_the_end(ready: Callable[[], None]) -> None:
    """Reports that the org is ready, and waits for SIGTERM or Ctrl-C."""
    stopped = threading.Event()
    kept = {number: signal.signal(number, lambda *_: stopped.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        ready()
        stopped.wait()
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
