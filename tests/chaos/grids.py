"""Every place x every misfortune, one at a time: k = 1, 2, 3 ... until a run ends without coming to its k-th place."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sfdc_escalator.embedded_org.http.faults import KINDS, FaultOnDemand
from tests.chaos.points import DISK, SITES, Point
from tests.chaos.scene import THREE_CHUNKS, Row, Scene, scene
from tests.chaos.stage import Stage
from tests.chaos.verdict import Opening, Verdict, conclude, rebuild

LATE = 600.0  # seconds of org time; within settle_after
PAUSE = 600.0  # seconds; longer than a lease is silent
LONG_PAUSE = 1200.0  # longer than settle_after
ACTS = ("kill", "stop", "stop for long", "term", "full", "readonly")
MOST = 200


@dataclass(frozen=True, slots=True)
class Series:
    """One misfortune at one kind of place: a fault of the org at a call, a strike at the subject, or what others do
    while it waits there.

    `lasting`: it does not pass by itself before the run ends. `prelude` is what happened to the run before."""

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
    """What others do between any two calls of a run."""
    return [Series(kind, "http", when) for kind in MEETINGS for when in ("before", "after")]


def recovery_series() -> list[Series]:
    """The run that has to settle what an earlier one left is struck itself."""
    strikes = [Series("kill", site, when, prelude=prelude) for prelude in PRELUDES for site, when in SITES]
    return strikes + [Series(kind, prelude=prelude) for prelude in PRELUDES for kind in ("lose", "503", "late", "cut")]


def play(stage: Stage, series: Series, rows: Sequence[Row] = THREE_CHUNKS, chunk: int = 4) -> Iterator[Verdict]:
    """One verdict for each k that a run comes to."""
    for k in range(1, MOST):
        found = once(stage, series, k, rows, chunk)
        if not found.reached:
            return
        yield found
    raise AssertionError(f"{series}: no end")


def once(stage: Stage, series: Series, k: int, rows: Sequence[Row] = THREE_CHUNKS, chunk: int = 4) -> Verdict:
    with scene(stage, rows, chunk=chunk, ledgers=2) as here:
        opening = Opening.of(here)
        if series.prelude:
            PRELUDES[series.prelude](here)
        reached = fault(here, series, k) if series.site == "call" else strike(here, series, k, list(opening.cases))
        if not reached:
            return Verdict(f"{series} {k}", [], here.story, reached=False)
        return conclude(f"{series} {k}", here, opening)


def fault(here: Scene, series: Series, k: int) -> bool:
    seconds = LATE if series.kind == "late" else 0.01
    one = FaultOnDemand(series.kind, nth=k, times=0 if series.lasting else 1, seconds=seconds)
    here.faults(one)
    here.run()
    return one.applied > 0


def strike(here: Scene, series: Series, k: int, cases: Sequence[str]) -> bool:
    act = "meet" if series.kind in MEETINGS else series.kind.partition(" ")[0]
    here.tally[f"strike {act}"] += 1
    point = Point(series.site, series.when, k, act, times=0 if series.lasting else 1)
    subject = here.start("run", "--json", "--backlog", "escalate", points=[point])
    said = subject.wait()
    if said == "stop":
        subject.go_on(overtake(here, LONG_PAUSE if "long" in series.kind else PAUSE))
    elif said == "meet":
        MEETINGS[series.kind](here, cases)
    ended = here.end(subject)
    return ended.code is None or ended.seen.get((series.site, series.when), 0) >= k


def overtake(here: Scene, pause: float) -> float:
    """While one is stopped for longer than its lease, another does the work."""
    here.pass_time(pause)
    here.run()
    return pause


# -- what others do -------------------------------------------------------------------------------------------------


def rival(here: Scene, cases: Sequence[str]) -> None:
    """A run on another host, with a ledger of its own, from its beginning to its end."""
    here.run(ledger=1)


def each(act: str, **fields: str) -> Callable[[Scene, Sequence[str]], None]:
    """Agents do it to every third case."""

    def others(here: Scene, cases: Sequence[str]) -> None:
        for one in cases[::3]:
            here.act(act, one, **fields)

    return others


def merge(here: Scene, cases: Sequence[str]) -> None:
    """In pairs, and one into a calm case."""
    for loser, master in zip(cases[0:8:2], cases[1:8:2], strict=True):
        here.act("merge", loser, into=master)


MEETINGS: dict[str, Callable[[Scene, Sequence[str]], None]] = {
    "rival": rival,
    "edit": each("edit", Priority="Low"),
    "take": each("edit", OwnerId="Intake"),
    "calm": each("edit", Subject="calm now"),
    "comment": each("comment"),
    "close": each("close"),
    "delete": each("delete"),
    "merge": merge,
}


# -- what happened before -------------------------------------------------------------------------------------------


def lost_answers(here: Scene) -> None:
    """Everything was written, and no answer came."""
    here.faults(FaultOnDemand("lose", nth=5, times=0))
    here.run()
    here.faults()
    here.pass_time(60)


def failed_writes(here: Scene) -> None:
    """Nothing was written, and nobody can say so before the time has come."""
    here.faults(FaultOnDemand("500", nth=5, times=0))
    here.run()
    here.faults()
    here.pass_time(LONG_PAUSE)


def lost_ledger(here: Scene) -> None:
    """Half was written, the ledger was lost and read back."""
    here.run("--limit", "5")
    here.ledgers[0].lose()
    here.pass_time(60)
    rebuild(here, 0)


def restored_ledger(here: Scene) -> None:
    """The work is done, and the ledger knows only the first half of it."""
    here.run("--limit", "5")
    here.end(here.start("ledger", "backup", "copy"))
    here.pass_time(60)
    here.run()
    here.ledgers[0].bring_back(here.folder / "copy")
    here.pass_time(60)


PRELUDES: dict[str, Callable[[Scene], None]] = {
    "lost answers": lost_answers,
    "failed writes": failed_writes,
    "a lost ledger": lost_ledger,
    "a restored ledger": restored_ledger,
}
