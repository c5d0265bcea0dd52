"""The end of a story: one clean run, settle_after of org time later, and the verdict of the judge."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from tests.chaos.judge import Judge
from tests.chaos.org_reader import OrgReader
from tests.chaos.points import Point
from tests.chaos.runner import Ended
from tests.chaos.scenario import Scenario

SETTLE_AFTER = 16 * 60.0
LOCKED = 25 * 3600.0
"""Seconds. A locked case is rejected and tried again at growing intervals, at most daily."""
CAN_REBUILD = find_spec("sfdc_escalator.pipeline.rebuild") is not None


@dataclass(slots=True)
class Verdict:
    """The result of a story; `reached` is true if its first event happened. `kind` is that of its ledgers."""

    name: str
    violations: list[str]
    story: list[str]
    tally: Counter[str] = field(default_factory=Counter)
    reached: bool = True
    kind: str = ""

    def __str__(self) -> str:
        return "\n".join([f"=== {self.name}", *self.story, *(f"!!! {each}" for each in self.violations)])


@dataclass(slots=True)
class Opening:
    """The org before the story."""

    reader: OrgReader
    cases: dict[str, dict[str, Any]]
    leads: str

    @classmethod
    def of(cls, scenario: Scenario) -> "Opening":
        reader = OrgReader(scenario.org.instance_url, scenario.org.access_token)
        queues = reader.records("SELECT Id, DeveloperName FROM Group")
        leads = next(row["Id"] for row in queues if row["DeveloperName"] == "Leads")
        return cls(reader, reader.cases(), leads)


def conclude(name: str, scenario: Scenario, opening: Opening, *, ledger: int = 0, reached: bool = True) -> Verdict:
    """Ends all disturbances, makes one clean run, and judges. It never raises for a failure of the program."""
    for running in list(scenario.live):
        scenario.end(running)
    scenario.faults()
    locked = any(act.act == "lock" for act in scenario.acts)
    scenario.pass_time(LOCKED if locked else SETTLE_AFTER)
    scenario.tell("-- the clean run")
    final = clean_run(scenario, ledger)
    for other, one in enumerate(scenario.ledgers):
        if other != ledger and one.exists():  # a run with another ledger must find nothing to do
            scenario.run(ledger=other)
    judge = Judge(opening.reader, opening.cases, opening.leads, scenario.acts, scenario.ended, final)
    violations = [*scenario.violations, *judge.violations(), *broken_chains(scenario)]
    scenario.tally["violations"] += len(violations)
    for ended in scenario.ended:
        scenario.tally["kills"] += ended.code is None
    return Verdict(name, violations, scenario.story, scenario.tally, reached)


def clean_run(scenario: Scenario, ledger: int) -> Ended:
    """Makes the clean run, after a rebuild if the ledger was lost."""
    found = scenario.run(ledger=ledger)
    if CAN_REBUILD and lost(found):
        rebuild(scenario, ledger)
        found = scenario.run(ledger=ledger)
    return found


def lost(ended: Ended) -> bool:
    """True if the run reports that its ledger was lost."""
    message = (ended.report or {}).get("error", {}).get("message", "")
    return ended.code == 4 and "ledger rebuild" in message


def rebuild(scenario: Scenario, ledger: int, points: Sequence[Point] = ()) -> Ended:
    scenario.tally["rebuilds"] += 1
    return scenario.end(scenario.start("ledger", "rebuild", ledger=ledger, points=points))


def broken_chains(scenario: Scenario) -> list[str]:
    checks = [
        scenario.end(scenario.start("audit", "verify", "--json", ledger=place))
        for place, one in enumerate(scenario.ledgers)
        if one.exists()
    ]
    return [f"BROKEN CHAIN: exit {one.code}: {one.report} {one.stderr}" for one in checks if one.code != 0]
