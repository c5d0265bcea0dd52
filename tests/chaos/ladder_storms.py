"""A storm of ladders by its seed: what befalls other runs too, time that moves between them, holds, edited policies."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random
from typing import Any, ClassVar

from tests.chaos.ladder_facts import Row
from tests.chaos.ladder_judge import LadderJudge
from tests.chaos.ladder_policy import BASE, EDITS, WAITING
from tests.chaos.ladder_post import NOTICES, NoticeJudge, NoticeRow, Post, open_post
from tests.chaos.ledgers import Ledger
from tests.chaos.org_reader import moment
from tests.chaos.runner import Ended, Runner
from tests.chaos.scenario import Scenario
from tests.chaos.storms import MINUTE, RandomEvents, cases, open_storm
from tests.chaos.verdict import LOCKED, SETTLE_AFTER, Opening, Verdict, broken_chains, clean_run

STEPS = (1, 10, 29, 31, 46, 61, 95, 130, 250)
OUTAGES = (6 * 60, 14 * 60, 26 * 60, 50 * 60)
HOLDS = (20, 45, 90, 180, 600)
DOWN = (5, 40, 200, 600)
"""Minutes."""

LONGER = 3 * 24 * 60
"""Minutes of a hold that lasts beyond the end of a storm."""

LAST_RUNS = 40
"""More than the rungs that are left, one per run."""

TURNS = "SELECT case_id, route, rung, episode, turn, state FROM escalations WHERE rung <> 'start'"
COMING = "SELECT at FROM standings WHERE state <> 'held' AND at IS NOT NULL"
UNSENT = "SELECT at FROM notices WHERE state IN ('waiting', 'sending')"


def ladder_storm(runner: Runner, seed: int, server: Ledger | None = None, *, only: str = "") -> Verdict:
    """Plays the ladder storm of a seed; with `only` one kind of ledger, sqlite or postgresql."""
    rng = Random(f"ladder {seed}")
    shape = rng.choice(("one", "one", "two", "server"))
    shared = server if (shape == "server" or only == "postgresql") and only != "sqlite" else None
    rows = cases(rng, most=9)
    with open_storm(runner, rng, rows, ledgers=1 + (shape == "two"), shared=shared, policy=BASE) as scenario:
        opening, name = Opening.of(scenario), f"ladder seed {seed}"
        with open_post(scenario, f"post {seed}") as post:
            events = LadderEvents(rng, scenario, opening.cases, post)
            for _ in range(rng.randint(3, 5)):
                events.next()
                events.edit_policy()
                events.time()
            events.last_holds()
            found = conclude_ladder(name, scenario, opening, ledger=events.any_ledger(), rng=rng, post=post)
        found.kind = "postgresql" if shared else "sqlite"
        return found


class LadderEvents(RandomEvents):
    """The random events of a ladder storm."""

    ACTS: ClassVar = {**RandomEvents.ACTS, "lock": 4, "unlock": 5}

    def __init__(self, rng: Random, scenario: Scenario, cases: Mapping[str, Mapping[str, Any]], post: Post) -> None:
        super().__init__(rng, scenario, cases)
        self.post = post
        self.numbers = [str(one["CaseNumber"]) for one in cases.values()]
        self.held: set[str] = set()

    def events(self) -> list[tuple[Callable[[], object], int]]:
        """Runs; what else happens comes before each of them."""
        return [
            (self.plain_run, 5),
            (self.disturbed_run, 4),
            (self.stopped_run, 3),
            (self.concurrent_runs, 3),
            (self.rehearsal, 1),
        ]

    def next(self) -> None:
        if self.post.rng.random() < 0.2:
            self.service_down()
        beside = {self.people: 6, self.agents: 3, self.lost_or_restored_ledger: 3, self.outage: 1, self.time: 2}
        self.rng.choices(list(beside), list(beside.values()))[0]()
        super().next()

    def time(self) -> None:
        self.scenario.pass_time(self.rng.choice(STEPS) * MINUTE)

    def outage(self) -> None:
        """No run comes for some hours or days."""
        self.scenario.tally["outages"] += 1
        self.scenario.pass_time(self.rng.choice(OUTAGES) * MINUTE)

    def service_down(self) -> None:
        """The service of the notices takes nothing for some time."""
        minutes = self.post.rng.choice(DOWN)
        self.post.down_until = self.scenario.now() + timedelta(minutes=minutes)
        self.scenario.tally["services down"] += 1
        self.scenario.tell(f"the service of the notices is down for {minutes} minutes")

    def agents(self) -> None:
        super().agents()
        if self.rng.random() < 0.3:
            self.people()

    def some_edit(self) -> dict[str, str]:
        if self.rng.random() < 0.25:
            self.scenario.tally["holds by status"] += 1
            return {"Status": WAITING}
        return super().some_edit()

    def people(self) -> None:
        """People hold cases, hold them for another time, and release them; perhaps while a run is at work."""
        for _ in range(self.rng.randint(1, 3)):
            if self.held and self.rng.random() < 0.3:
                self.release(self.rng.choice(sorted(self.held)))
            else:
                self.hold(self.rng.choice(self.numbers), self.rng.choice(HOLDS))

    def hold(self, number: str, minutes: int) -> None:
        if self.held and self.rng.random() < 0.3:
            number = self.rng.choice(sorted(self.held))
        route = ("--route", self.rng.choice(("urgent", "old"))) if self.rng.random() < 0.2 else ()
        words = ("hold", number, "--until", f"{minutes}m", "--why", "a storm", *route, "--json")
        ended = self.command(*words)
        self.scenario.tally["holds replaced" if number in self.held else "holds made"] += ended.code == 0
        if ended.code != 2:
            self.held.add(number)

    def release(self, number: str) -> None:
        ended = self.command("release", number, "--json")
        self.scenario.tally["holds released"] += ended.code == 0
        if ended.code == 0:
            self.held.discard(number)

    def command(self, *words: str) -> Ended:
        points = self.some_strikes() if self.rng.random() < 0.2 else []
        return self.scenario.end(
            self.scenario.start(*words, points=points, ledger=self.any_ledger(), host=self.any_host(), busy=1.0)
        )

    def edit_policy(self) -> None:
        if self.rng.random() < 0.15:
            name = self.rng.choice(list(EDITS))
            (self.scenario.folder / "policy.yaml").write_text(EDITS[name])
            self.scenario.tally[f"policy {name}"] += 1
            self.scenario.happened("edited", name=EDITS[name])
            self.scenario.tell(f"the policy: {name}")

    def last_holds(self) -> None:
        """In the end the holds are released, or expire; perhaps one case stays held."""
        left = {number for number in sorted(self.held) if self.rng.random() < 0.6}
        for number in sorted(self.held - left):
            self.release(number)
        if left:
            self.scenario.tally["holds expired"] += len(left)
            self.scenario.pass_time(max(HOLDS) * MINUTE)
        if self.rng.random() < 0.3:
            self.hold(self.rng.choice(self.numbers), LONGER)


def conclude_ladder(
    name: str,
    scenario: Scenario,
    opening: Opening,
    *,
    ledger: int = 0,
    rng: Random | None = None,
    most: int = LAST_RUNS,
    post: Post | None = None,
) -> Verdict:
    """Ends all disturbances, lets every ladder run out with one ledger, and judges."""
    if post:
        post.calm = True
    rng = rng or Random(name)
    for running in list(scenario.live):
        scenario.end(running)
    scenario.faults()
    for case_id, case in opening.reader.cases().items():
        if case["Status"] == WAITING and rng.random() < 0.7:
            scenario.act("edit", case_id, Status="Working")
    locked = any(act.act == "lock" for act in scenario.acts)
    scenario.pass_time(LOCKED if locked else SETTLE_AFTER)
    scenario.tell("-- the last runs")
    final, where = clean_run(scenario, ledger), scenario.ledgers[ledger]
    for count in range(most):
        coming = [moment(at) for (at,) in (*where.rows(COMING), *where.rows(UNSENT))]
        if not coming and count:
            break
        wait = max((min(coming) - scenario.now()).total_seconds(), 0.0) if coming else 0.0
        scenario.pass_time(wait + rng.choice((1, 61, 300)) * MINUTE)
        final = scenario.run(ledger=ledger)
    else:
        left = [*where.rows(COMING), *where.rows(UNSENT)]
        scenario.violations.append(f"NO END: a rung or a notice is still to come after {most} runs: {left}")
    rows = [Row(*one) for one in where.rows(TURNS)]
    judge = LadderJudge(
        opening.reader, opening.cases, opening.leads, scenario.acts, scenario.ended, final, scenario.diary, ledger, rows
    )
    violations = [*scenario.violations, *judge.violations(), *broken_chains(scenario)]
    if post:
        of_post = NoticeJudge(judge, post.arrivals, [NoticeRow(*one) for one in where.rows(NOTICES)])
        violations += of_post.violations()
        scenario.tally.update(of_post.counts())
    scenario.tally.update(judge.tally)
    scenario.tally.update(f"rungs {one.state}" for one in rows)
    scenario.tally["rung notes"] += sum(note.rung != "start" for note in judge.notes)
    scenario.tally["starts"] += sum(note.rung == "start" for note in judge.notes)
    scenario.tally["violations"] += len(violations)
    for ended in scenario.ended:
        scenario.tally["kills"] += ended.code is None
        held = [one for one in (ended.report or {}).get("escalations", ()) if one["state"] == "held"]
        scenario.tally["rungs held back"] += sum(one["rung"] != "start" for one in held)
        scenario.tally["starts held back"] += sum(one["rung"] == "start" for one in held)
    return Verdict(name, violations, scenario.story, scenario.tally)
