"""Every place x every disturbance, one at a time: k = 1, 2, 3 ... until a run ends before its k-th place."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sfdc_escalator.embedded_org.http.faults import KINDS, FaultOnDemand
from tests.chaos.points import DISK, SITES, Point
from tests.chaos.runner import Runner
from tests.chaos.scenario import THREE_CHUNKS, Row, Scenario, open_scenario
from tests.chaos.verdict import Opening, Verdict, conclude, rebuild

LATE = 600.0  # seconds of org time; within settle_after
PAUSE = 600.0  # seconds; longer than a lease lasts without a heartbeat
LONG_PAUSE = 1200.0  # longer than settle_after
ACTS = ("kill", "stop", "stop for long", "term", "full", "readonly")
MOST = 200


@dataclass(frozen=True, slots=True)
class Series:
    """One disturbance at one kind of place: a fault of the org, a strike at the run, or acts of others during the run.

    A `lasting` one stays until the run ends. `prelude` is what happened before the run.
    """

    kind: str
    site: str = "call"
    when: str = "at"
    lasting: bool = False
    prelude: str = ""

    def __str__(self) -> str:
        after = f", after {self.prelude}" if self.prelude else ""
        return f"{self.kind} {self.when} {self.site}{' and from then on' if self.lasting else ''}{after}"


def fault_series(*, lasting: bool = False) -> list[Series]:
    return [Series(kind, lasting=lasting) for kind in KINDS]


def strike_series(acts: Sequence[str] = ACTS) -> list[Series]:
    return [
        Series(act, site, when, lasting=lasting)
        for act in acts
        for site, when in ((("commit", "before"),) if act in DISK else SITES)
        for lasting in ((False, True) if act in DISK else (False,))
        if not (act.startswith("stop") and (site, when) == ("commit", "before"))  # it would hold the ledger's lock
    ]


def meeting_series() -> list[Series]:
    """The series of acts of others between any two calls of a run."""
    return [Series(kind, "http", when) for kind in MEETINGS for when in ("before", "after")]


def recovery_series() -> list[Series]:
    """The series of strikes at a run that must settle the work of an earlier one."""
    strikes = [Series("kill", site, when, prelude=prelude) for prelude in PRELUDES for site, when in SITES]
    return strikes + [Series(kind, prelude=prelude) for prelude in PRELUDES for kind in ("lose", "503", "late", "cut")]


def play(runner: Runner, series: Series, rows: Sequence[Row] = THREE_CHUNKS, chunk: int = 4) -> Iterator[Verdict]:
    """One verdict for each k that a run reaches."""
    for k in range(1, MOST):
        found = once(runner, series, k, rows, chunk)
        if not found.reached:
            return
        yield found
    raise AssertionError(f"{series}: did not end")


def once(runner: Runner, series: Series, k: int, rows: Sequence[Row] = THREE_CHUNKS, chunk: int = 4) -> Verdict:
    with open_scenario(runner, rows, chunk=chunk, ledgers=2) as scenario:
        opening = Opening.of(scenario)
        if series.prelude:
            PRELUDES[series.prelude](scenario)
        reached = (
            fault(scenario, series, k) if series.site == "call" else strike(scenario, series, k, list(opening.cases))
        )
        if not reached:
            return Verdict(f"{series} {k}", [], scenario.story, reached=False)
        return conclude(f"{series} {k}", scenario, opening)


def fault(scenario: Scenario, series: Series, k: int) -> bool:
    seconds = LATE if series.kind == "late" else 0.01
    one = FaultOnDemand(series.kind, nth=k, times=0 if series.lasting else 1, seconds=seconds)
    scenario.faults(one)
    scenario.run()
    return one.applied > 0


def strike(scenario: Scenario, series: Series, k: int, cases: Sequence[str]) -> bool:
    act = "meet" if series.kind in MEETINGS else series.kind.partition(" ")[0]
    scenario.tally[f"strike {act}"] += 1
    point = Point(series.site, series.when, k, act, times=0 if series.lasting else 1)
    running = scenario.start("run", "--json", "--backlog", "escalate", points=[point])
    signal = running.wait()
    if signal == "stop":
        running.go_on(overtake(scenario, LONG_PAUSE if "long" in series.kind else PAUSE))
    elif signal == "meet":
        MEETINGS[series.kind](scenario, cases)
    ended = scenario.end(running)
    return ended.code is None or ended.seen.get((series.site, series.when), 0) >= k


def overtake(scenario: Scenario, pause: float) -> float:
    """Lets time pass and another run do the work while the first is stopped for longer than its lease."""
    scenario.pass_time(pause)
    scenario.run()
    return pause


# -- acts of others -------------------------------------------------------------------------------------------------


def rival(scenario: Scenario, cases: Sequence[str]) -> None:
    """A complete run on another host with another ledger."""
    scenario.run(ledger=1)


def each(act: str, **fields: str) -> Callable[[Scenario, Sequence[str]], None]:
    """An act of agents on every third case."""

    def others(scenario: Scenario, cases: Sequence[str]) -> None:
        for one in cases[::3]:
            scenario.act(act, one, **fields)

    return others


def merge(scenario: Scenario, cases: Sequence[str]) -> None:
    """Merges cases in pairs, and one into a calm case."""
    for loser, master in zip(cases[0:8:2], cases[1:8:2], strict=True):
        scenario.act("merge", loser, into=master)


MEETINGS: dict[str, Callable[[Scenario, Sequence[str]], None]] = {
    "rival": rival,
    "edit": each("edit", Priority="Low"),
    "take": each("edit", OwnerId="Intake"),
    "calm": each("edit", Subject="calm now"),
    "comment": each("comment"),
    "close": each("close"),
    "delete": each("delete"),
    "merge": merge,
}


# -- preludes -------------------------------------------------------------------------------------------------------


def lost_answers(scenario: Scenario) -> None:
    """A run that wrote everything and got no answer."""
    scenario.faults(FaultOnDemand("lose", nth=5, times=0))
    scenario.run()
    scenario.faults()
    scenario.pass_time(60)


def failed_writes(scenario: Scenario) -> None:
    """A run that wrote nothing, which is known only after the time to settle."""
    scenario.faults(FaultOnDemand("500", nth=5, times=0))
    scenario.run()
    scenario.faults()
    scenario.pass_time(LONG_PAUSE)


def lost_ledger(scenario: Scenario) -> None:
    """A run that wrote a half, and a ledger that was lost and rebuilt."""
    scenario.run("--limit", "5")
    scenario.ledgers[0].lose()
    scenario.pass_time(60)
    rebuild(scenario, 0)


def restored_ledger(scenario: Scenario) -> None:
    """A finished run, and a restored ledger that has only the first half of it."""
    scenario.run("--limit", "5")
    scenario.end(scenario.start("ledger", "backup", "copy"))
    scenario.pass_time(60)
    scenario.run()
    scenario.ledgers[0].restore("copy")
    scenario.pass_time(60)


PRELUDES: dict[str, Callable[[Scenario], None]] = {
    "lost answers": lost_answers,
    "failed writes": failed_writes,
    "a lost ledger": lost_ledger,
    "a restored ledger": restored_ledger,
}
