"""A week of the five shipped policies in one org over HTTP: the embedded org, the command line, and a ledger file."""

import json
import tempfile
from collections import Counter
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import NamedTuple, Self
from unittest.mock import patch

from sfdc_escalator.cli.door import run_command_line
from sfdc_escalator.cli.process import surroundings_of_a_process
from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.embedded_org.basics import clock
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.ledger.store import open_history, open_trail
from tests.ledger.sample import all_of
from tests.stories.world import no_wait, write_tables
from tests.year.cases import PRIORITIES, matches_at
from tests.year.cases import Kind as CaseKind
from tests.year.judge import NEVER, Judge, Row, Story
from tests.year.own_clock import DAY, HOUR, MINUTE, OwnClock
from tests.year.policy import SHIPPED, write_policies
from tests.year.world import PICKLISTS, QUEUES

FIRST = datetime.fromisoformat("2026-03-05T00:00:00+00:00")
"""On the Sunday of this week the clocks of the United States move."""
PERSON = "bob@support.example"
USERS = [{"Username": PERSON, "Name": "Bob", "Email": PERSON, "UserType": "Standard"}]
REGIONS = {"east": "NY", "west": "CA"}
ACCOUNTS = [
    {"Name": f"{rating} {region}", "Rating": rating, "BillingState": state}
    for rating in ("Hot", "Warm", "Cold")
    for region, state in REGIONS.items()
]
KINDS = (
    CaseKind("member-support", "health-safety-legal", {"Description": "Smoke came out of it"}),
    CaseKind("member-support", "supervisor-request", {"Subject": "I want to speak to a manager"}),
    CaseKind("member-support", "repeated-returns", {"Reason": "Return"}),
    CaseKind("member-support", "agent-flagged", {"IsEscalated": True}),
    CaseKind("supervisor-callback", "supervisor-demanded", {"Type": "Supervisor Call Back"}),
    CaseKind("supervisor-callback", "lead-callback", {"Type": "Lead Call Back"}),
    CaseKind("tiered-support", "severe", {"Type": "Outage", "Account.Rating": "Hot"}),
    CaseKind("tiered-support", "many-customers", {"Type": "Problem", "Reason": "Breakdown"}, together=5),
    CaseKind("tiered-support", "unresolved", {}, "Tier_1_Support"),
    CaseKind("tiered-support", "unresolved-by-tier-2", {}, "Tier_2_Support"),
    CaseKind("customer-success", "raised-by-anyone", {"IsEscalated": True}),
    CaseKind("customer-success", "customer-waiting", {}),
    CaseKind("customer-success", "wrong-start", {"Type": "Electronic"}, "Unsorted"),
    CaseKind("onboarding", "sensitive-issue", {"Type": "Onboarding", "IsEscalated": True}),
    CaseKind("onboarding", "deadlock", {"Type": "Onboarding", "Status": "On Hold"}),
)


class Seen(NamedTuple):
    """A case: its number, the calendar of its customer, and the tick at which its route matches."""

    kind: CaseKind
    number: str
    region: str
    at: int


class Week:
    """So many cases come in the first four days, and more of the kind that comes together; half of them are taken,
    answered, called or closed."""

    def __init__(self, cases: int, seed: int, days: int = 7) -> None:
        self.rng, self.clock, self.days = Random(seed), OwnClock(FIRST, days + 30), days
        self.stack = ExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.stack.enter_context(patch.object(clock, "time", SimpleNamespace(monotonic=lambda: 0.0)))
        self.policies = write_policies(self.folder, SHIPPED)
        self.org = self.stack.enter_context(EmbeddedOrg(data=write_tables(self.folder / "org", tables()), now=FIRST))
        self.seen: dict[str, Seen] = {}
        self.acted: list[tuple[str, int, str]] = []
        self.closed: dict[str, int] = {}
        self.faults: list[str] = []
        self.runs: list[int] = []
        self.tally: Counter[str] = Counter()
        self.queue: list[tuple[int, int, str, int]] = []
        for number in range(cases):
            self.queue.append((self.rng.randrange(4 * 24) * HOUR - 1 + MINUTE, number, "arrive", number % len(KINDS)))
        self.queue.sort()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *words: object) -> None:
        self.stack.close()

    def play(self) -> None:
        now, last = 0, self.days * DAY
        while now < last:
            while self.queue and self.queue[0][0] <= now:
                at, _, what, place = self.queue.pop(0)
                self.go_to(at)
                self.do(what, place, at)
            self.go_to(now)
            self.run(now)
            now = max(now + MINUTE, self.next_run())

    def go_to(self, tick: int) -> None:
        self.org._clock.advance(self.clock.at(tick) - self.org._clock.now())

    def plan(self, tick: int, what: str, place: int) -> None:
        self.queue.append((tick, 1000 + len(self.queue), what, place))
        self.queue.sort()

    # -- what people do --------------------------------------------------------------------------------------------

    def do(self, what: str, place: int, at: int) -> None:
        if what == "arrive":
            for _ in range(KINDS[place].together):
                self.arrive(KINDS[place], at)
        elif what != "wait":
            self.act(what, list(self.seen)[place], at)

    def arrive(self, kind: CaseKind, at: int) -> None:
        rating, region = self.rng.choice(("Hot", "Warm", "Cold")), self.rng.choice(list(REGIONS))
        rating = str(kind.fields.get("Account.Rating", rating))
        own = {name: value for name, value in kind.fields.items() if "." not in name}
        fields = {"Subject": kind.route, "Status": "New", "Priority": self.rng.choice(PRIORITIES), **own}
        fields |= {"Origin": kind.policy, "OwnerId": kind.queue, "AccountId": self.account(rating, region)}
        if kind.route == "repeated-returns":
            fields["ContactId"] = self.id_of("Contact", "Often")
        case_id = self.org.act("create", object="Case", fields=fields, by=PERSON)["id"]
        matches = matches_at(kind, {**fields, "Account.Rating": rating}, self.clock, at)
        self.seen[case_id] = Seen(kind, self.number_of(case_id), region, matches)
        place = len(self.seen) - 1
        self.plan(matches, "wait", place)
        for what in self.rng.choice((["take"], ["comment"], ["close"], ["take", "close"], ["call"], [], [])):
            at += self.rng.choice((HOUR // 2, 3 * HOUR, 20 * HOUR))
            self.plan(at, what, place)

    def act(self, what: str, case_id: str, at: int) -> None:
        number = self.seen[case_id].number
        self.tally[f"people: {what}"] += 1
        if what == "take":
            self.org.act("edit", case=number, fields={"OwnerId": PERSON}, by=PERSON)
        elif what == "comment":
            self.org.act("comment", case=number, text="I am on it.", by=PERSON)
        elif what == "call":
            fields = {"WhatId": number, "TaskSubtype": "Call", "Subject": "Called"}
            self.org.act("create", object="Task", fields=fields, by=PERSON)
        else:
            self.org.act("close", case=number, by=PERSON)
            self.closed[case_id] = at
        self.acted.append((case_id, at, what))

    def account(self, rating: str, region: str) -> str:
        return self.id_of("Account", f"{rating} {region}")

    def id_of(self, sobject: str, name: str) -> str:
        return str(self.org._database.query(f'SELECT Id FROM "{sobject}" WHERE Name = ?', (name,))[0][0])

    def number_of(self, case_id: str) -> str:
        return str(self.org._database.query('SELECT CaseNumber FROM "Case" WHERE Id = ?', (case_id,))[0][0])

    # -- the runs --------------------------------------------------------------------------------------------------

    def run(self, tick: int) -> None:
        self.runs.append(tick)
        named = [word for path in self.policies for word in ("--policy", str(path))]
        words = ["run", "--json", "--backlog", "escalate", "--ledger", str(self.folder / "ledger.db"), *named]
        environ = {
            "SFDC_INSTANCE_URL": self.org.instance_url,
            "SFDC_ACCESS_TOKEN": self.org.access_token,
            "XDG_STATE_HOME": str(self.folder),
        }
        with redirect_stdout(StringIO()) as printed, redirect_stderr(StringIO()):
            code = run_command_line(words, surroundings_of_a_process(environ, self.folder, no_wait))
        if code:
            said = json.loads(printed.getvalue())
            self.faults.append(f"EXIT {code} at {self.clock.at(tick)}: {said.get('error') or said}")

    def history(self) -> History:
        return open_history(str(self.folder / "ledger.db")).history(self.org.organization_id)

    def next_run(self) -> int:
        moments = [self.clock.tick(one.at) for one, _ in self.history().standings.values() if one.at]
        acts = [at + at % 2 for at, *_ in self.queue[:1]]
        return min((*acts, *(at for at in moments if at > self.runs[-1])), default=self.days * DAY)

    # -- what the judge sees ---------------------------------------------------------------------------------------

    def judged(self) -> tuple[list[str], Counter[str]]:
        """The violations, and the counts."""
        with open_trail(str(self.folder / "ledger.db")) as trail:
            history = History.of(all_of(trail, self.org.organization_id))
        judge = Judge(self.clock, self.runs)
        stories = [self.story(one, history) for one in history.starts() if one.state is not EscalationState.PLANNED]
        found = [violation for story in stories for violation in judge.violations(story)]
        found += self.never_started(stories)
        judge.tally.update(cases=len(self.seen), runs=len(self.runs), escalations=len(stories), **self.tally)
        return [*self.faults, *found], judge.tally

    def story(self, one: Escalation, history: History) -> Story:
        facts, seen, name = one.ladder, self.seen[one.case_id], (one.policy, one.route)
        start = self.clock.tick(facts.started) if facts and facts.started else self.run_of(one)
        rows = [
            Row(self.run_of(turn), turn.rung, turn.turn, turn.state is not EscalationState.SKIPPED)
            for turn in history.rungs_of(one, {one.route})
        ]
        due = self.clock.tick(facts.due) if facts and facts.due else None
        story = Story(one.key, one.case_id, name, start, due, rows, seen.region)
        proof = (at for case_id, at, what in self.acted if case_id == one.case_id and what in story.route.acts)
        story.acted = min((at for at in proof if at > start), default=NEVER)
        story.end = self.closed.get(one.case_id, NEVER)
        return story

    def run_of(self, one: Escalation) -> int:
        """The run that recorded it: its own clock goes on for some real seconds."""
        assert one.tried_at
        return max(run for run in self.runs if self.clock.at(run) <= one.tried_at + timedelta(seconds=1))

    def never_started(self, stories: list[Story]) -> list[str]:
        """The cases on which nobody acted before their route matched, and that were not escalated then."""
        started = {(one.case_id, one.name, one.start) for one in stories}
        first = {case_id: min(at for one, at, _ in self.acted if one == case_id) for case_id, *_ in self.acted}
        found = []
        for case_id, one in self.seen.items():
            run = next((run for run in self.runs if run >= one.at), NEVER)
            if run < min(first.get(case_id, NEVER), NEVER):
                self.tally["starts expected"] += 1
                if (case_id, one.kind[:2], run) not in started:
                    found.append(f"NOT STARTED: {one.number} by {one.kind.route} at {self.clock.at(run)}")
        return found


def tables() -> dict[str, list[dict[str, str]]]:
    """The org before the week: closed cases, two of them returns, that give its picklists their values."""
    number, created = iter(range(900, 999)), (FIRST - timedelta(days=9)).isoformat()
    row = {"Status": "Closed", "IsClosed": "true", "CreatedDate": created, "LastModifiedDate": created}
    cases = [{**row, "Priority": value} for value in PICKLISTS["Priority"]]
    cases += [{**row, "Priority": "Low", "Reason": "Return", "ContactId": "Often"} for _ in range(2)]
    cases += [{**row, "Priority": "Low", "Status": value, "IsClosed": ""} for value in PICKLISTS["Status"][:5]]
    groups = [{"Type": "Queue", "DeveloperName": name, "Name": name.replace("_", " ")} for name in QUEUES]
    return {
        "Case": [{"CaseNumber": f"{next(number):08}", "Subject": "old", "OwnerId": "Intake", **one} for one in cases],
        "Group": groups,
        "User": USERS,
        "Account": ACCOUNTS,
        "Contact": [{"LastName": "Often", "Name": "Often"}],
    }
