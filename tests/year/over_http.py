"""A week of the same policy over HTTP: the embedded org, the command line, and a ledger file."""

import json
import tempfile
from collections import Counter
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, Self
from unittest.mock import patch

from sfdc_escalator.cli.door import run_command_line
from sfdc_escalator.cli.process import surroundings_of_a_process
from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.embedded_org.basics import clock
from sfdc_escalator.escalation.world.history import Escalation, EscalationState, History
from sfdc_escalator.ledger.store import open_history
from tests.chaos.org_reader import OrgReader
from tests.stories.world import no_wait, write_tables
from tests.year.judge import NEVER, Judge, Row, Story
from tests.year.own_clock import OwnClock
from tests.year.policy import DAY, HOUR, MINUTE, POLICY, ROUTES

FIRST = datetime.fromisoformat("2026-03-02T00:00:00+00:00")
QUEUES = [{"Type": "Queue", "DeveloperName": name, "Name": name} for name in ("Support", "Billing", "Intake")]
PERSON = "bob@support.example"
USERS = [{"Username": PERSON, "Name": "Bob", "Email": PERSON, "UserType": "Standard"}]


class Week:
    """So many cases come in the first four days; half of them are taken, answered or closed."""

    def __init__(self, cases: int, seed: int, days: int = 7) -> None:
        self.rng, self.clock, self.days = Random(seed), OwnClock(FIRST, days + 30), days
        self.stack = ExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.stack.enter_context(patch.object(clock, "time", SimpleNamespace(monotonic=lambda: 0.0)))
        (self.folder / "year.yaml").write_text(POLICY, encoding="utf-8")
        tables = {"Case": [row(number) for number in range(1, cases + 1)], "Group": QUEUES, "User": USERS}
        data = write_tables(self.folder / "org", tables)
        self.org = self.stack.enter_context(EmbeddedOrg(data=data, now=FIRST))
        self.acted: dict[str, int] = {}
        self.closed: dict[str, int] = {}
        self.faults: list[str] = []
        self.runs: list[int] = []
        self.tally: Counter[str] = Counter()
        self.cases = OrgReader(self.org.instance_url, self.org.access_token).cases()
        self.acts = self.plan(self.cases)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *words: object) -> None:
        self.stack.close()

    def plan(self, cases: dict[str, dict[str, Any]]) -> list[tuple[int, str, str]]:
        found = []
        for case_id in cases:
            at = self.rng.randrange(4 * 24) * HOUR - 1 + MINUTE
            found.append((at, "arrive", case_id))
            for kind in self.rng.choice((["take"], ["comment"], ["close"], ["take", "close"], [], [])):
                at += self.rng.choice((HOUR // 2, 3 * HOUR, 20 * HOUR))
                found.append((at, kind, case_id))
        return sorted(found)

    def play(self) -> None:
        now, last = 0, self.days * DAY
        while now < last:
            due = [self.acts.pop(0) for _ in range(sum(at <= now for at, _, _ in self.acts))]
            for at, kind, case_id in due:
                self.go_to(at)
                self.act(kind, case_id, at)
            self.go_to(now)
            self.run(now)
            now = max(now + MINUTE, self.next_run())

    def go_to(self, tick: int) -> None:
        self.org._clock.advance(self.clock.at(tick) - self.org._clock.now())

    def act(self, kind: str, case_id: str, at: int) -> None:
        self.tally[f"people: {kind}"] += 1
        if kind == "arrive":
            self.org.act("edit", case=case_id, fields={"Subject": f"{self.rng.choice(list(ROUTES))}: help"}, by=PERSON)
        elif kind == "take":
            self.org.act("edit", case=case_id, fields={"OwnerId": PERSON}, by=PERSON)
        elif kind == "comment":
            self.org.act("comment", case=case_id, text="I am on it.", by=PERSON)
        else:
            self.org.act("close", case=case_id, by=PERSON)
            self.closed[case_id] = at
        if kind in ("take", "comment"):
            self.acted.setdefault(case_id, at)

    def run(self, tick: int) -> None:
        self.runs.append(tick)
        words = ["run", "--json", "--backlog", "escalate", "--ledger", str(self.folder / "ledger.db")]
        environ = {
            "SFDC_INSTANCE_URL": self.org.instance_url,
            "SFDC_ACCESS_TOKEN": self.org.access_token,
            "SFDC_ESCALATOR_POLICY": str(self.folder / "year.yaml"),
            "XDG_STATE_HOME": str(self.folder),
        }
        with redirect_stdout(StringIO()) as printed, redirect_stderr(StringIO()):
            code = run_command_line(words, surroundings_of_a_process(environ, self.folder, no_wait))
        if code:
            self.faults.append(f"EXIT {code} at {self.clock.at(tick)}: {json.loads(printed.getvalue()).get('error')}")

    def history(self) -> History:
        return open_history(str(self.folder / "ledger.db")).history(self.org.organization_id)

    def next_run(self) -> int:
        moments = [self.clock.tick(one.at) for one, _ in self.history().standings.values() if one.at]
        acts = [at + at % 2 for at, _, _ in self.acts[:1]]
        return min((*acts, *(at for at in moments if at > self.runs[-1])), default=self.days * DAY)

    def judged(self) -> tuple[list[str], Counter[str]]:
        """The violations, and the counts."""
        judge, history = Judge(self.clock, self.runs), self.history()
        stories = [self.story(one, history) for one in history.starts() if one.state is not EscalationState.PLANNED]
        found = [violation for story in stories for violation in judge.violations(story)]
        judge.tally.update(cases=len(self.cases), runs=len(self.runs), escalations=len(stories), **self.tally)
        return [*self.faults, *found], judge.tally

    def story(self, one: Escalation, history: History) -> Story:
        facts = one.ladder
        assert facts
        assert facts.started
        start = self.clock.tick(facts.started)
        rows = [
            Row(self.run_of(turn), turn.rung, turn.turn, turn.state is not EscalationState.SKIPPED)
            for turn in history.rungs_of(one, {one.route})
        ]
        acted = self.acted.get(one.case_id, NEVER)
        due = self.clock.tick(facts.due) if facts.due else None
        end = self.closed.get(one.case_id, NEVER)
        return Story(one.key, one.case_id, one.route, start, due, rows, acted if acted > start else NEVER, [], end)

    def run_of(self, one: Escalation) -> int:
        """The run that recorded it: its own clock goes on for some real seconds."""
        assert one.tried_at
        return max(run for run in self.runs if self.clock.at(run) <= one.tried_at + timedelta(seconds=1))


def row(number: int) -> dict[str, str]:
    created = (FIRST - timedelta(days=1)).isoformat()
    return {
        "CaseNumber": f"{number:08}",
        "Subject": "hello",
        "Status": "New",
        "Priority": "Low",
        "OwnerId": "Intake",
        "CreatedDate": created,
        "LastModifiedDate": created,
    }
