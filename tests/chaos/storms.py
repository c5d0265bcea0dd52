"""A storm by its seed: runs, faults, kills, pauses, rival runs, lost ledgers and busy agents, in any order."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from sfdc_escalator.embedded_org.http.faults import KINDS, FaultOnDemand
from tests.chaos.ledgers import Ledger
from tests.chaos.points import Point
from tests.chaos.scene import Row, Scene, case, scene
from tests.chaos.stage import Ended, Stage, Subject
from tests.chaos.verdict import Opening, Verdict, conclude, lost, rebuild

MINUTE = 60.0
PAUSES = (5.0, MINUTE, 5 * MINUTE, 16 * MINUTE, 70 * MINUTE)
CALLS, COMMITS = 9, 17
"""How many a run makes, about."""

WRITES = (4, 5, 6, 7)
"""The calls of a first run that write, about."""

LIMITS = [{"kind": "trigger_error", "batch_over": 2, "limit": True}]
"""A trigger of the org that cannot cope with more than two cases at once."""

INTENTS = (3, 4, 5, 6, 7, 8)
"""The commits around them."""

WEIGHTS = [1 if kind in ("slow", "html", "garbage", "limit", "session") else 3 for kind in KINDS]

HOSTS = ("", "north", "south")


def storm(stage: Stage, seed: int, server: Ledger | None = None) -> Verdict:
    """The same seed, the same storm; only which thread comes first is left to the machine."""
    rng = Random(seed)
    rows = cases(rng)
    shape = rng.choice(("one", "one", "two", "two", "server"))
    shared = server if shape == "server" else None
    with scene(
        stage,
        rows,
        chunk=rng.choice((2, 3, 4)),
        proved=rng.random() < 0.25,
        ledgers=1 + (shape == "two"),
        automation=LIMITS if rng.random() < 0.2 else (),
        shared=shared,
    ) as here:
        opening = Opening.of(here)
        here.tally[f"ledger {'sqlite' if shared is None else 'postgresql'}"] += 1
        weather = Weather(rng, here, opening.cases)
        for _ in range(rng.randint(3, 6)):
            weather.change()
        return conclude(f"seed {seed}", here, opening, ledger=weather.any_ledger())


def cases(rng: Random) -> list[Row]:
    found = []
    for number in range(1, rng.randint(6, 15)):
        kind = rng.choices(("urgent", "old", "calm"), (3, 2, 5))[0]
        more = {"AccountId": rng.choice(("", "", "Acme")), "Priority": rng.choice(("Low", "Medium", "Critical"))}
        found.append(case(number, kind, **more))
    return found


class Weather:
    def __init__(self, rng: Random, here: Scene, cases: Mapping[str, Mapping[str, Any]]) -> None:
        self.rng, self.here, self.case_ids = rng, here, list(cases)
        self.calm = [case_id for case_id, one in cases.items() if one["Subject"].startswith("hello")]
        self.copies = 0

    def change(self) -> None:
        field_changes: list[tuple[Callable[[], object], int]] = [
            (self.plain_run, 5),
            (self.met_run, 4),
            (self.stopped_run, 3),
            (self.crowd, 3),
            (self.agents, 3),
            (self.time, 3),
            (self.rehearsal, 1),
            (self.trouble_with_the_ledger, 3),
        ]
        self.new_work()
        self.here.faults(*self.some_faults())
        self.rng.choices([turn for turn, _ in field_changes], [weight for _, weight in field_changes])[0]()
        self.here.faults()
        if self.rng.random() < 0.35:
            self.backup()

    def new_work(self) -> None:
        """Most turns find cases that became urgent since."""
        for _ in range(self.rng.choice((0, 1, 2, 3))):
            if self.calm:
                self.here.act("edit", self.calm.pop(), Subject="urgent by now")

    # -- runs ---------------------------------------------------------------------------------------------------

    def start(self, *points: Point, ledger: int | None = None) -> Subject:
        place = self.any_ledger() if ledger is None else ledger
        limit = ("--limit", str(self.rng.randint(1, 4))) if self.rng.random() < 0.2 else ()
        return self.here.start(
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

    def end(self, subject: Subject) -> Ended:
        ended = self.here.end(subject)
        if lost(ended) and self.rng.random() < 0.7 and not self.here.live:
            where = subject.order.words[-1]
            points = self.some_strikes() if self.rng.random() < 0.3 else []
            rebuild(self.here, [one.where for one in self.here.ledgers].index(where), points)
        return ended

    def plain_run(self) -> None:
        self.end(self.start(*self.some_strikes()))

    def met_run(self) -> None:
        """Something happens while it is at work, for a moment or two."""
        subject = self.start(self.place("meet"), *self.some_strikes())
        while isinstance(subject.wait(), str):
            self.agents()
            if self.rng.random() < 0.5:
                self.rival()
            subject.go_on()
        self.end(subject)

    def stopped_run(self) -> None:
        """It is stopped, for longer than its lease or not; the others go on."""
        subject = self.start(self.place("stop"))
        while isinstance(subject.wait(), str):
            self.here.tally["stops"] += 1
            pause = self.rng.choice((MINUTE, 3 * MINUTE, 20 * MINUTE, 50 * MINUTE))
            self.here.pass_time(pause)
            if self.rng.random() < 0.3:
                self.agents()
            self.here.faults()
            for _ in range(self.rng.choice((0, 1, 1, 2))):
                self.rival()
            subject.go_on(pause)
        self.end(subject)

    def rival(self) -> None:
        self.end(self.start(*(self.some_strikes() if self.rng.random() < 0.3 else ())))

    def crowd(self) -> None:
        """Two to four at once."""
        self.here.tally["crowds"] += 1
        subjects = [self.start(*self.some_strikes()) for _ in range(self.rng.randint(2, 4))]
        for subject in subjects:
            self.here.end(subject)

    def rehearsal(self) -> None:
        ledger = self.any_ledger()
        before = self.here.ledgers[ledger].events()
        self.here.end(self.here.start("run", "--json", "--dry-run", "--backlog", "escalate", ledger=ledger))
        if self.here.ledgers[ledger].events() != before:
            self.here.wrong.append("A DRY RUN WROTE INTO THE LEDGER")

    # -- what happens to them -----------------------------------------------------------------------------------

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
        """Any, but rather one that writes than one that reads."""
        calls: list[int] = [*range(1, CALLS + 1), *WRITES, *WRITES]
        return self.rng.choice(calls)

    def commit(self) -> int:
        """Any, but rather one around the writes."""
        commits: list[int] = [*range(1, COMMITS + 1), *INTENTS, *INTENTS]
        return self.rng.choice(commits)

    def place(self, act: str) -> Point:
        site, when = self.rng.choice((("http", "before"), ("http", "after"), ("commit", "before"), ("commit", "after")))
        if act in ("full", "readonly"):
            site, when = "commit", "before"
        elif act in ("meet", "stop") and (site, when) == ("commit", "before"):
            site = "http"  # else it would hold the ledger's lock, and the others only wait
        k = self.call() if site == "http" else self.commit()
        self.here.tally[f"strike {act}"] += 1
        return Point(
            site, when, k, act, self.rng.choice((-86_400.0, -50.0, 90.0, 86_400.0)), self.rng.choice((0, 1, 3))
        )

    # -- everything else ----------------------------------------------------------------------------------------

    def agents(self) -> None:
        for _ in range(self.rng.randint(1, 3)):
            self.agent()

    def agent(self) -> None:
        one, other = self.rng.choice(self.case_ids), self.rng.choice(self.case_ids)
        act = self.rng.choices(
            ("edit", "comment", "close", "reopen", "delete", "merge", "lock", "unlock"), (6, 3, 2, 2, 1, 2, 1, 2)
        )[0]
        if act == "edit":
            self.here.act("edit", one, **self.some_edit())
        elif act == "reopen":
            self.here.act("edit", one, Status="Working")
        elif act == "merge" and one != other:
            self.here.act("merge", one, into=other)
        elif act != "merge":
            self.here.act(act, one)

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
        self.here.pass_time(self.rng.choice(PAUSES))

    def backup(self) -> None:
        """As a good administrator's cron does it; only a file can be brought back from it."""
        place = self.any_ledger()
        ledger = self.here.ledgers[place]
        if ledger.exists() and ledger.can_be_restored:
            self.copies += 1
            self.here.tally["ledger backed up"] += 1
            self.here.end(self.here.start("ledger", "backup", f"copy-{place}-{self.copies}", ledger=place))

    def trouble_with_the_ledger(self) -> None:
        place = self.any_ledger()
        ledger, copies = self.here.ledgers[place], sorted(self.here.folder.glob(f"copy-{place}-*"))
        if not ledger.exists():
            return
        ledger.lose()
        if copies and self.rng.random() < 0.7:
            ledger.bring_back(self.rng.choice(copies))
        trouble = "restored" if ledger.exists() and ledger.can_be_restored else "lost"
        self.here.tally[f"ledger {trouble}"] += 1
        self.here.tell(f"ledger {place} {trouble}")

    def any_ledger(self) -> int:
        return self.rng.randrange(len(self.here.ledgers))

    def any_host(self) -> str:
        """Only a server's ledger is shared by hosts."""
        return "" if self.here.ledgers[0].can_be_restored else self.rng.choice(HOSTS)
