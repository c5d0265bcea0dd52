"""`demo`: the whole story on the embedded org, one screen per step, told by the commands that a user types."""

import os
import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
CASE = "00001003"
BEFORE = "SELECT CaseNumber, Subject, Owner.Name, Status, Priority FROM Case WHERE IsClosed = false ORDER BY CaseNumber"
ONE = "SELECT Owner.Name, Status, Priority, (SELECT CommentBody FROM CaseComments ORDER BY CreatedDate, Id) FROM Case"
NEXT = """
What to do next
  1. Read the policy that did this:        {policy}
  2. Change it, and check the change:      sfdc-escalator validate {policy}
  3. Start one of your own, next:          sfdc-escalator init .
  4. The path to the first live run is in the README.
"""


@click.command("demo")
def command() -> int:
    """The whole story on the embedded org: sample cases, a rehearsal, a live run, and the proof of it."""
    from sfdc_escalator import sample, wiring

    folder = Path(sample.__path__[0])
    policy = shown_path(folder / "policies" / "member-support.yaml")
    place = tempfile.TemporaryDirectory(prefix="sfdc-escalator-demo-")
    with place, wiring.embedded_org(data=folder / "org", now=NOW) as org:
        settings = {
            "SFDC_INSTANCE_URL": org.instance_url,
            "SFDC_ACCESS_TOKEN": org.access_token,
            "SFDC_ESCALATOR_POLICY": str(policy),
            "SFDC_ESCALATOR_LEDGER": str(Path(place.name) / "ledger.db"),
        }
        with environment(settings), no_orgs_file(Path(place.name) / "orgs.yaml"):
            code = tell_story()
    if code == 0:
        click.echo(NEXT.format(policy=policy))
    return code


def tell_story() -> int:
    """0, or the exit code of the first command that does not end as the story says."""
    screen("1. A member-support team's open cases, in a Salesforce-like org on this machine")
    show_cases()
    before = one_case()
    screen("2. A rehearsal: what a run would do, to which cases, why, and why not to the others. It writes nothing")
    code = typed("run --dry-run --backlog escalate")
    screen("3. The live run: note first, then queue, status and priority")
    code = code or typed("run --backlog escalate")
    screen(f"4. Case {CASE} before and after, with its hand-off note")
    show_one(before, one_case())
    screen("5. The same again: everything is done already, nothing is written")
    code = code or typed("run")
    screen("6. The audit trail: what was done, and the proof that nobody changed it")
    return code or typed("audit list --limit 5") or typed("audit verify")


def screen(title: str) -> None:
    """Begins a step; a person at a terminal says when to go on."""
    if sys.stdin.isatty() and sys.stdout.isatty() and not title.startswith("1."):
        click.pause("\nPress any key to go on ...")
        click.clear()
    click.echo(f"\n{'=' * 100}\n{title}\n{'=' * 100}\n")


def typed(line: str) -> int:
    """Types a command; its exit code."""
    from sfdc_escalator.cli.door import run_command_line

    click.echo(f"$ sfdc-escalator {line}\n")
    code = run_command_line(shlex.split(line))
    click.echo(f"\n(exit code {code})\n")
    return code


def show_cases() -> None:
    from sfdc_escalator import wiring
    from sfdc_escalator.reports.terminal import table

    with wiring.connect("env") as (org, _):
        cases = org.rows(BEFORE)
    rows = [
        (case["CaseNumber"], case["Owner"]["Name"], case["Status"], case["Priority"] or "", one_line(case["Subject"]))
        for case in cases
    ]
    click.echo(table(("Case", "Owner", "Status", "Priority", "Subject"), rows))
    click.echo(f"{len(cases)} open cases. Some of them should have been escalated.")


def one_line(text: str | None) -> str:
    words = " ".join((text or "").split())
    return words if len(words) <= 60 else words[:57] + "..."


def one_case() -> Mapping[str, str]:
    from sfdc_escalator import wiring

    with wiring.connect("env") as (org, _):
        case = org.rows(f"{ONE} WHERE CaseNumber = '{CASE}'")[0]
    notes = [comment["CommentBody"] for comment in (case["CaseComments"] or {"records": []})["records"]]
    values = {"queue": case["Owner"]["Name"], "status": case["Status"], "priority": case["Priority"]}
    return {**values, "comments": str(len(notes)), "note": notes[-1] if notes else ""}


def show_one(before: Mapping[str, str], after: Mapping[str, str]) -> None:
    from sfdc_escalator.reports.terminal import table

    rows = [(name, before[name], after[name]) for name in ("queue", "status", "priority", "comments")]
    click.echo(table(("", "before", "after"), rows))
    click.echo("\nThe newest comment, the hand-off note:\n")
    click.echo("\n".join(f"  | {line}" for line in after["note"].splitlines()))


def shown_path(path: Path) -> Path:
    """The shortest name of the file from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


@contextmanager
def no_orgs_file(instead: Path) -> Iterator[None]:
    """What config/orgs.yaml says of the person's own orgs is not said of the embedded one."""
    from sfdc_escalator import wiring

    kept, wiring.ORGS_FILE = wiring.ORGS_FILE, instead
    try:
        yield
    finally:
        wiring.ORGS_FILE = kept


@contextmanager
def environment(settings: Mapping[str, str]) -> Iterator[None]:
    """These variables, until the block ends."""
    kept = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in kept.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
