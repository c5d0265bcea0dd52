"""`demo`: the whole program at work on the embedded org, one screen per step, by the commands that a user types."""

import shlex
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from sfdc_escalator.cli.manner import manner
from sfdc_escalator.cli.output import page_for, tell
from sfdc_escalator.reports.values import visible
from sfdc_escalator.wiring.surroundings import Surroundings

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
ORG, CASE, POLICY = "env", "00001003", "SFDC_ESCALATOR_POLICY"
BEFORE = "SELECT CaseNumber, Subject, Owner.Name, Priority FROM Case WHERE IsClosed = false ORDER BY CaseNumber"
ONE = "SELECT Owner.Name, Status, Priority, (SELECT CommentBody FROM CaseComments ORDER BY CreatedDate, Id) FROM Case"
BESIDE = 52
"""Columns that the other values of a case take."""
NEXT = """
What to do next
  1. Read the policy that did this:        {policy}
  2. Change it, and check the change:      sfdc-escalator validate {policy}
  3. Start one of your own:                sfdc-escalator init .
  4. The README leads you from there to the first live run.
  5. Have it notify your team by Slack, Teams, e-mail, ...: docs/channels, which init wrote
"""
TO_A_REAL_ONE = """
The message went to the log of the run, because the policy says `channels: {{desk: log}}`. For a real one:
  the policy names the kind:               channels: {{desk: slack}}
  config/orgs.yaml has the address:        {org}: {{channels: {{desk: env:DESK_URL}}}}
Each message begins with [SANDBOX ...] in an org that is not production."""


@click.command("demo")
@click.pass_obj
def command(surroundings: Surroundings) -> int:
    """Show the whole program at work on the embedded org: sample cases, a rehearsal, a live run, and its proof."""
    from sfdc_escalator import sample
    from sfdc_escalator.wiring.orgs import embedded_org

    folder = Path(sample.__path__[0])
    policy = shown_path(folder / "policies" / "member-support.yaml", surroundings.folder.resolve())
    place = tempfile.TemporaryDirectory(prefix="sfdc-escalator-demo-")
    with place, embedded_org(data=folder / "org", now=NOW) as org:
        settings = {
            "SFDC_INSTANCE_URL": org.instance_url,
            "SFDC_ACCESS_TOKEN": org.access_token,
            POLICY: str(policy),
            "SFDC_ESCALATOR_COLOR": manner().color,
            "SFDC_ESCALATOR_LEDGER": str(Path(place.name) / "ledger.db"),
        }
        # What the person's own config/orgs.yaml says must not hold for the embedded org: another config folder.
        environ = {**surroundings.environ, **settings}
        code = Demo(replace(surroundings, environ=environ, config=Path(place.name))).play()
    if code == 0:
        tell(NEXT.format(policy=policy))
    return code


@dataclass(frozen=True)
class Demo:
    """The demo in surroundings that lead to the embedded org."""

    surroundings: Surroundings

    def play(self) -> int:
        """0, or the exit code of the first command that does not end as planned."""
        screen("1. The open cases of a member-support team, in a Salesforce-like org on this machine")
        self.show_cases()
        before, notice = self.case(), self.notice()
        screen("2. A rehearsal: what a run would do, and why. It writes nothing")
        code = self.type("run --dry-run --backlog escalate")
        screen("3. The live run: note first, then queue, status and priority")
        code = code or self.type("run --backlog escalate --yes")
        screen(f"4. Case {CASE} before and after, with its hand-off note")
        self.show_one(before, self.case())
        screen(f"5. The message about case {CASE}, and who got it")
        show_notice(notice)
        screen("6. The same run again: nothing is written, nobody is notified")
        code = code or self.type("run")
        screen("7. The audit trail: what was done, and the proof that nobody changed it")
        return code or self.type("audit list --limit 5") or self.type("audit verify")

    def type(self, line: str) -> int:
        """Runs a command as a user types it; its exit code."""
        from sfdc_escalator.cli.door import run_command_line

        tell(f"$ sfdc-escalator {line}\n")
        code = run_command_line(shlex.split(line), self.surroundings)
        tell(f"\n(exit code {code})\n")
        return code

    def show_cases(self) -> None:
        from sfdc_escalator.reports.terminal import cut, table
        from sfdc_escalator.wiring.orgs import connect

        with connect(self.surroundings, ORG) as (org, _):
            cases = org.rows(BEFORE)
        page = page_for(self.surroundings.environ)
        room = max(page.width - BESIDE, 10)
        rows = [
            (one["CaseNumber"], one["Owner"]["Name"], one["Priority"] or "", cut(visible(one["Subject"] or ""), room))
            for one in cases
        ]
        tell(table(("Case", "Owner", "Priority", "Subject"), rows, page=page))
        tell(f"{len(cases)} open cases. Some of them should have been escalated.")

    def case(self) -> Mapping[str, str]:
        from sfdc_escalator.wiring.orgs import connect

        with connect(self.surroundings, ORG) as (org, _):
            case = org.rows(f"{ONE} WHERE CaseNumber = '{CASE}'")[0]
        notes = [comment["CommentBody"] for comment in (case["CaseComments"] or {"records": []})["records"]]
        values = {"queue": case["Owner"]["Name"], "status": case["Status"], "priority": case["Priority"]}
        return {**values, "comments": str(len(notes)), "note": notes[-1] if notes else ""}

    def notice(self) -> Mapping[str, Any]:
        """The notice of the case, as a rehearsal shows it."""
        from sfdc_escalator.escalation.planning.run_options import RunOptions
        from sfdc_escalator.reports.json.notices import planned_json
        from sfdc_escalator.wiring.errand import Errand, rehearse

        policies, options = [Path(self.surroundings.environ[POLICY])], RunOptions(backlog="escalate", case=CASE)
        done = rehearse(Errand(self.surroundings, ORG, policies=policies, options=options))
        first: Mapping[str, Any] = planned_json(done.result, ORG)["notices_planned"][0]
        return first

    def show_one(self, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        from sfdc_escalator.reports.terminal import table

        rows = [(name, before[name], after[name]) for name in ("queue", "status", "priority", "comments")]
        tell(table(("", "before", "after"), rows, page=page_for(self.surroundings.environ)))
        tell("\nThe newest comment, which is the hand-off note:\n")
        tell("\n".join(f"  | {visible(line)}" for line in after["note"].splitlines()))


def show_notice(notice: Mapping[str, Any]) -> None:
    tell(f"To the {notice['recipient']} team, by the channel {notice['channel']}:\n")
    tell("\n".join(f"  | {visible(line)}" for line in notice["text"].splitlines()))
    tell(TO_A_REAL_ONE.format(org="ORG"))


def screen(title: str) -> None:
    """Begins a step; at a terminal it waits for a key first."""
    if sys.stdin.isatty() and sys.stdout.isatty() and not title.startswith("1."):
        tell("\nPress any key to go on ...")
        with suppress(EOFError):
            click.getchar()
        click.clear()
    tell(f"\n{'=' * 80}\n{title}\n{'=' * 80}\n")


def shown_path(path: Path, folder: Path) -> Path:
    """The shortest name of the file from this folder."""
    return path.relative_to(folder) if path.is_relative_to(folder) else path
