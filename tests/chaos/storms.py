"""A storm by its seed: runs, faults, kills, pauses, rival runs, lost ledgers and busy agents, in any order."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from random import Random
from typing import Any, ClassVar

from sfdc_escalator.embedded_org.http.faults import KINDS, FaultOnDemand
from tests.chaos.ledgers import Ledger, PostgresqlDatabase
from tests.chaos.points import Point
from tests.chaos.runner import Ended, Runner, RunningCommand
from tests.chaos.scenario import POLICY, Row, Scenario, case, open_scenario
from tests.chaos.verdict import Opening, Verdict, conclude, lost, rebuild

MINUTE = 60.0
PAUSES = (5.0, MINUTE, 5 * MINUTE, 16 * MINUTE, 70 * MINUTE)
CALLS, COMMITS = 9, 17
"""The approximate numbers in one run."""

WRITES = (4, 5, 6, 7)
"""The calls of a first run that write, approximately."""

LIMITS = [{"kind": "trigger_error", "batch_over": 2, "limit": True}]
"""A trigger of the org that fails for more than two cases at once."""

INTENTS = (3, 4, 5, 6, 7, 8)
"""The commits around the writes."""

WEIGHTS = [1 if kind in ("slow", "html", "garbage", "limit", "session") else 3 for kind in KINDS]

HOSTS = ("", "north", "south")


def storm(runner: Runner, seed: int, server: Ledger | None = None) -> Verdict:
    """Plays the storm of a seed. The same seed gives the same storm, except for the order of threads."""
    rng = Random(seed)
    rows = cases(rng)
    shape = rng.choice(("one", "one", "two", "two", "server"))
    shared = server if shape == "server" else None
    with open_storm(runner, rng, rows, ledgers=1 + (shape == "two"), shared=shared) as scenario:
        opening = Opening.of(scenario)
        scenario.tally[f"ledger {'sqlite' if shared is None else 'postgresql'}"] += 1
        events = RandomEvents(rng, scenario, opening.cases)
        for _ in range(rng.randint(3, 6)):
            events.next()
        return conclude(f"seed {seed}", scenario, opening, ledger=events.any_ledger())


def open_storm(
    runner: Runner, rng: Random, rows: Sequence[Row], *, ledgers: int, shared: Ledger | None, policy: str = POLICY
) -> AbstractContextManager[Scenario]:
    """The world of a storm: the size of its writes, what the org can prove and its limits are drawn."""
    return open_scenario(
        runner,
        rows,
        chunk=rng.choice((2, 3, 4)),
        proved=rng.random() < 0.25,
        ledgers=ledgers,
        automation=LIMITS if rng.random() < 0.2 else (),
        shared=shared,
        policy=policy,
    )


def cases(rng: Random, most: int = 14) -> list[Row]:
    found = []
    for number in range(1, rng.randint(6, most + 1)):
        kind = rng.choices(("urgent", "old", "calm"), (3, 2, 5))[0]
        more = {"AccountId": rng.choice(("", "", "Acme")), "Priority": rng.choice(("Low", "Medium", "Critical"))}
        found.append(case(number, kind, **more))
    return found


class RandomEvents:
    """The random events of a storm."""

    ACTS: ClassVar = {"edit": 6, "comment": 3, "close": 2, "reopen": 2, "delete": 1, "merge": 2, "lock": 1, "unlock": 2}
    """What agents do, each act with its weight."""

    def __init__(self, rng: Random, scenario: Scenario, cases: Mapping[str, Mapping[str, Any]]) -> None:
        self.rng, self.scenario, self.case_ids = rng, scenario, list(cases)
        self.calm = [case_id for case_id, one in cases.items() if one["Subject"].startswith("hello")]
        self.copies: list[tuple[int, str]] = []

    def events(self) -> list[tuple[Callable[[], object], int]]:
        """The events that may come next, each with its weight."""
        return [
            (self.plain_run, 5),
            (self.disturbed_run, 4),
            (self.stopped_run, 3),
            (self.concurrent_runs, 3),
            (self.agents, 3),
            (self.time, 3),
            (self.rehearsal, 1),
            (self.lost_or_restored_ledger, 3),
        ]

    def next(self) -> None:
        events = self.events()
        self.new_work()
        self.scenario.faults(*self.some_faults())
        self.rng.choices([event for event, _ in events], [weight for _, weight in events])[0]()
        self.scenario.faults()
        if self.rng.random() < 0.35:
            self.backup()

    def new_work(self) -> None:
        """Makes some calm cases urgent."""
        for _ in range(self.rng.choice((0, 1, 2, 3))):
            if self.calm:
                self.scenario.act("edit", self.calm.pop(), Subject="urgent by now")

    # -- runs ---------------------------------------------------------------------------------------------------

    def start(self, *points: Point, ledger: int | None = None) -> RunningCommand:
        place = self.any_ledger() if ledger is None else ledger
        limit = ("--limit", str(self.rng.randint(1, 4))) if self.rng.random() < 0.2 else ()
        return self.scenario.start(
            "run",
            "--json",
            "--backlog",
            "escalate",
            *limit,
            points=points,
            ledger=place,
            host=self.any_host(),
            busy=1.0,
        )

    def end(self, running: RunningCommand) -> Ended:
        ended = self.scenario.end(running)
        if lost(ended) and self.rng.random() < 0.7 and not self.scenario.live:
            where = running.command.arguments[-1]
            points = self.some_strikes() if self.rng.random() < 0.3 else []
            rebuild(self.scenario, [one.where for one in self.scenario.ledgers].index(where), points)
        return ended

    def plain_run(self) -> None:
        self.end(self.start(*self.some_strikes()))

    def disturbed_run(self) -> None:
        """A run during which other things happen."""
        running = self.start(self.place("meet"), *self.some_strikes())
        while isinstance(running.wait(), str):
            self.agents()
            if self.rng.random() < 0.5:
                self.rival()
            running.go_on()
        self.end(running)

    def stopped_run(self) -> None:
        """A run that is stopped, perhaps for longer than its lease, while the others go on."""
        running = self.start(self.place("stop"))
        while isinstance(running.wait(), str):
            self.scenario.tally["stops"] += 1
            pause = self.rng.choice((MINUTE, 3 * MINUTE, 20 * MINUTE, 50 * MINUTE))
            self.scenario.pass_time(pause)
            if self.rng.random() < 0.3:
                self.agents()
            self.scenario.faults()
            for _ in range(self.rng.choice((0, 1, 1, 2))):
                self.rival()
            running.go_on(pause)
        self.end(running)

    def rival(self) -> None:
        self.scenario.tally["rivals"] += 1
        self.end(self.start(*(self.some_strikes() if self.rng.random() < 0.3 else ())))

    def concurrent_runs(self) -> None:
        """Two to four runs at the same time."""
        self.scenario.tally["crowds"] += 1
        started = [self.start(*self.some_strikes()) for _ in range(self.rng.randint(2, 4))]
        for running in started:
            self.scenario.end(running)

    def rehearsal(self) -> None:
        ledger = self.any_ledger()
        before = self.scenario.ledgers[ledger].events()
        self.scenario.end(self.scenario.start("run", "--json", "--dry-run", "--backlog", "escalate", ledger=ledger))
        if self.scenario.ledgers[ledger].events() != before:
            self.scenario.violations.append("A DRY RUN WROTE INTO THE LEDGER")

    # -- disturbances of runs -----------------------------------------------------------------------------------

    def some_faults(self) -> list[FaultOnDemand]:
        kinds = self.rng.choices(KINDS, WEIGHTS, k=self.rng.choice((0, 0, 1, 1, 2, 3)))
        return [
            FaultOnDemand(
                kind,
                nth=self.call(),
                times=self.rng.choice((1, 1, 1, 2, 5)),
                seconds=self.rng.uniform(MINUTE, 14 * MINUTE) if kind == "late" else 0.02,
            )
            for kind in kinds
        ]

    def some_strikes(self) -> list[Point]:
        if self.rng.random() < 0.5:
            return []
        act = self.rng.choices(("kill", "term", "full", "readonly", "jump"), (6, 1, 1, 1, 2))[0]
        return [self.place(act)]

    def call(self) -> int:
        """The number of a call, more often one that writes."""
        calls: list[int] = [*range(1, CALLS + 1), *WRITES, *WRITES]
        return self.rng.choice(calls)

    def commit(self) -> int:
        """The number of a commit, more often one around the writes."""
        commits: list[int] = [*range(1, COMMITS + 1), *INTENTS, *INTENTS]
        return self.rng.choice(commits)

    def place(self, act: str) -> Point:
        site, when = self.rng.choice((("http", "before"), ("http", "after"), ("commit", "before"), ("commit", "after")))
        if act in ("full", "readonly"):
            site, when = "commit", "before"
        elif act in ("meet", "stop") and (site, when) == ("commit", "before"):
            site = "http"  # otherwise it would hold the ledger's lock, and the others only wait
        k = self.call() if site == "http" else self.commit()
        self.scenario.tally[f"strike {act}"] += 1
        return Point(
            site, when, k, act, self.rng.choice((-86_400.0, -50.0, 90.0, 86_400.0)), self.rng.choice((0, 1, 3))
        )

    # -- everything else ----------------------------------------------------------------------------------------

    def agents(self) -> None:
        for _ in range(self.rng.randint(1, 3)):
            self.agent()

    def agent(self) -> None:
        one, other = self.rng.choice(self.case_ids), self.rng.choice(self.case_ids)
        act = self.rng.choices(list(self.ACTS), list(self.ACTS.values()))[0]
        if act == "edit":
            self.scenario.act("edit", one, **self.some_edit())
        elif act == "reopen":
            self.scenario.act("edit", one, Status="Working")
        elif act == "merge" and one != other:
            self.scenario.act("merge", one, into=other)
        elif act != "merge":
            self.scenario.act(act, one)

    def some_edit(self) -> dict[str, str]:
        return self.rng.choice(
            (
                {"Priority": "Low"},
                {"Priority": "Critical"},
                {"Status": "Working"},
                {"OwnerId": "Intake"},
                {"Subject": "urgent after all"},
                {"Subject": "urgent after all"},
                {"Subject": "calm now"},
                {"Description": "More words."},
            )
        )

    def time(self) -> None:
        self.scenario.pass_time(self.rng.choice(PAUSES))

    def backup(self) -> None:
        """Backs a ledger up, as an administrator's cron job does."""
        place = self.any_ledger()
        ledger, name = self.scenario.ledgers[place], f"copy-{place}-{len(self.copies) + 1}"
        if not ledger.exists():
            return
        if isinstance(ledger, PostgresqlDatabase):
            done = ledger.copy(name)
        else:
            done = self.scenario.end(self.scenario.start("ledger", "backup", name, ledger=place)).code == 0
        if done:
            self.copies.append((place, name))
            self.scenario.tally["ledger backed up"] += 1
            self.scenario.happened("copied", place, name)

    def lost_or_restored_ledger(self) -> None:
        place = self.any_ledger()
        ledger, copies = self.scenario.ledgers[place], [name for at, name in self.copies if at == place]
        if not ledger.exists():
            return
        event, name = "lost", ""
        if copies and self.rng.random() < 0.7:
            event, name = "restored", self.rng.choice(copies)
            ledger.restore(name)
        else:
            ledger.lose()
        self.scenario.tally[f"ledger {event}"] += 1
        self.scenario.happened(event, place, name)
        self.scenario.tell(f"ledger {place} {event} {name}")

    def any_ledger(self) -> int:
        return self.rng.randrange(len(self.scenario.ledgers))

    def any_host(self) -> str:
        """A host name; only a ledger on a server is shared by hosts."""
        return self.rng.choice(HOSTS) if self.scenario.ledgers[0].is_shared else ""
