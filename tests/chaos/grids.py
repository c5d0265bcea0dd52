"""Every place x every misfortune, one at a time: k = 1, 2, 3 ... until a run ends without coming to its k-th place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sfdc_escalator.embedded_org.faults import KINDS, Fault
from tests.chaos.points import SITES, Point
from tests.chaos.scene import THREE_CHUNKS, Row, Scene, scene
from tests.chaos.stage import Ended, Stage
from tests.chaos.verdict import Opening, Verdict, conclude

LATE = 600.0  # seconds of org time; within settle_after
ACTS = ("kill", "stop", "term", "full", "readonly")
MOST = 200


@dataclass(frozen=True, slots=True)
class Series:
    """One misfortune at one kind of place: a fault of the org at a call, or a strike at the subject.

    `lasting`: it does not pass by itself before the run ends."""

    kind: str
    site: str = "call"
    when: str = "at"
    lasting: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.when} {self.site}{' and from then on' if self.lasting else ''}"


def fault_series(*, lasting: bool = False) -> list[Series]:
    return [Series(kind, lasting=lasting) for kind in KINDS]


def strike_series(acts: Sequence[str] = ACTS) -> list[Series]:
    disk = ("full", "readonly")
    return [
        Series(act, site, when, lasting=lasting)
        for act in acts
        for site, when in ((("commit", "before"),) if act in disk else SITES)
        for lasting in ((False, True) if act in disk else (False,))
        if not (act == "stop" and (site, when) == ("commit", "before"))  # it would hold the ledger's lock
    ]


def play(stage: Stage, series: Series, rows: Sequence[Row] = THREE_CHUNKS, chunk: int = 4) -> Iterator[Verdict]:
    """One verdict for each k that a run comes to."""
    for k in range(1, MOST):
        found = once(stage, series, k, rows, chunk)
        if found.reached:
            yield found
        else:
            return
    raise AssertionError(f"{series}: no end")


def once(stage: Stage, series: Series, k: int, rows: Sequence[Row] = THREE_CHUNKS, chunk: int = 4) -> Verdict:
    with scene(stage, rows, chunk=chunk) as here:
        opening = Opening.of(here)
        reached = fault(here, series, k) if series.site == "call" else strike(here, series, k)
        if not reached:
            return Verdict(f"{series} {k}", [], here.story, reached=False)
        return conclude(f"{series} {k}", here, opening)


def fault(here: Scene, series: Series, k: int) -> bool:
    seconds = LATE if series.kind == "late" else 0.01
    one = Fault(series.kind, nth=k, times=0 if series.lasting else 1, seconds=seconds)
    here.faults(one)
    here.run()
    return one.done > 0


def strike(here: Scene, series: Series, k: int) -> bool:
    times = 0 if series.lasting else 1
    here.tally[f"strike {series.kind}"] += 1
    subject = here.start("run", "--json", "--backlog", "escalate", points=[point_of(series, k, times)])
    said = subject.wait()
    if said == "stop":
        overtake(here)
        subject.go_on(PAUSE)
    ended = here.end(subject)
    return ended.code is None or came_to(ended, series, k)


PAUSE = 10 * 60.0


def overtake(here: Scene) -> None:
    """While one is stopped for longer than its lease, another does the work."""
    here.pass_time(PAUSE)
    here.run()


def point_of(series: Series, k: int, times: int) -> Point:
    return Point(series.site, series.when, k, series.kind, times=times)


def came_to(ended: Ended, series: Series, k: int) -> bool:
    return ended.seen.get((series.site, series.when), 0) >= k
