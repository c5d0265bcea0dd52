"""After the storm: one clean run, settle_after of org time later, and what the judge makes of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from tests.chaos.judge import Judge
from tests.chaos.points import Point
from tests.chaos.scene import Scene
from tests.chaos.stage import Ended
from tests.chaos.testimony import Witness

SETTLE_AFTER = 16 * 60.0
LOCKED = 25 * 3600.0
"""Seconds. A case that was locked is rejected, and tried again at growing intervals, in the end daily."""
CAN_REBUILD = find_spec("sfdc_escalator.pipeline.rebuild") is not None


@dataclass(slots=True)
class Verdict:
    """What a story came to. `reached` says whether the first thing that was to happen did happen."""

    name: str
    violations: list[str]
    story: list[str]
    tally: Counter[str] = field(default_factory=Counter)
    reached: bool = True

    def __str__(self) -> str:
        return "\n".join([f"=== {self.name}", *self.story, *(f"!!! {each}" for each in self.violations)])


@dataclass(slots=True)
class Opening:
    """The org as it stood before anything happened."""

    witness: Witness
    cases: dict[str, dict[str, Any]]
    leads: str

    @classmethod
    def of(cls, scene: Scene) -> "Opening":
        witness = Witness(scene.org.instance_url, scene.org.access_token)
        queues = witness.records("SELECT Id, DeveloperName FROM Group")
        leads = next(row["Id"] for row in queues if row["DeveloperName"] == "Leads")
        return cls(witness, witness.cases(), leads)


def conclude(name: str, scene: Scene, opening: Opening, *, ledger: int = 0, reached: bool = True) -> Verdict:
    """Calms everything down, lets one clean run do its work, and judges. Never raises for what the subject did."""
    for subject in list(scene.live):
        scene.end(subject)
    scene.faults()
    locked = any(deed.act == "lock" for deed in scene.deeds)
    scene.pass_time(LOCKED if locked else SETTLE_AFTER)
    scene.tell("-- the clean run")
    final = clean_run(scene, ledger)
    for other, one in enumerate(scene.ledgers):
        if other != ledger and one.exists():  # whoever comes after must find nothing to do
            scene.run(ledger=other)
    judge = Judge(opening.witness, opening.cases, opening.leads, scene.deeds, scene.ended, final)
    violations = [*scene.wrong, *judge.violations(), *broken_chains(scene)]
    scene.tally["violations"] += len(violations)
    for ended in scene.ended:
        scene.tally["kills"] += ended.code is None
    return Verdict(name, violations, scene.story, scene.tally, reached)


def clean_run(scene: Scene, ledger: int) -> Ended:
    """A rebuild of a lost ledger counts with it."""
    found = scene.run(ledger=ledger)
    if CAN_REBUILD and lost(found):
        rebuild(scene, ledger)
        found = scene.run(ledger=ledger)
    return found


def lost(ended: Ended) -> bool:
    """Whether the run says that its ledger was lost."""
    message = (ended.report or {}).get("error", {}).get("message", "")
    return ended.code == 4 and "ledger rebuild" in message


def rebuild(scene: Scene, ledger: int, points: Sequence[Point] = ()) -> Ended:
    scene.tally["rebuilds"] += 1
    return scene.end(scene.start("ledger", "rebuild", ledger=ledger, points=points))


def broken_chains(scene: Scene) -> list[str]:
    checks = [
        scene.end(scene.start("audit", "verify", "--json", ledger=place))
        for place, one in enumerate(scene.ledgers)
        if one.exists()
    ]
    return [f"BROKEN CHAIN: exit {one.code}: {one.report} {one.words}" for one in checks if one.code != 0]
