"""Conditions on records next to the case: how many there are that fit, and milestones."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.comparison import Operator
from sfdc_escalator.escalation.conditions.condition import Criterion
from sfdc_escalator.escalation.conditions.speech import Since, since_when
from sfdc_escalator.escalation.world.case import Case, Value
from sfdc_escalator.escalation.world.needs import MESSAGES, Need, Records

COUNTS: Mapping[Operator, Callable[[int, int], bool]] = {
    "at_least": lambda count, limit: count >= limit,
    "at_most": lambda count, limit: count <= limit,
    "more_than": lambda count, limit: count > limit,
    "less_than": lambda count, limit: count < limit,
}
TARGET, COMPLETED, TYPE = "TargetDate", "IsCompleted", "MilestoneType.Name"
MILESTONES = Records("CaseMilestones", (COMPLETED, TYPE, TARGET))


def judged_alone(record: Mapping[str, Value]) -> Case:
    """A record as the subject of field and age conditions."""
    created = record.get("CreatedDate")
    assert isinstance(created, datetime)
    return Case(id="", number="", owner_id="", status=None, priority=None, created=created, fields=record)


@dataclass(frozen=True, slots=True)
class Related:
    """How many records fit: all of `where`, no older than `within`, newer than `since`.

    `where` may look at fields and ages of the record. With `same` the case counts itself.
    """

    records: Records
    operator: Operator
    count: int
    where: Criterion | None = None
    within: timedelta | None = None
    since: Since | None = None

    def fitting(self, case: Case, circumstances: Circumstances) -> list[Case]:
        start = since_when(self.since, case, circumstances) if self.since else None
        if self.since and start is None:
            return []
        records = map(judged_alone, case.related.get(self.records, ()))
        return [
            one
            for one in records
            if (start is None or one.created > start)
            and (self.within is None or one.created >= circumstances.now - self.within)
            and (self.where is None or self.where.holds(one, circumstances))
        ]

    def look(self, case: Case, circumstances: Circumstances) -> int | None:
        return len(self.fitting(case, circumstances)) if self.records in case.related else None

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        count = self.look(case, circumstances)
        return count is not None and COUNTS[self.operator](count, self.count)

    def crossings(self, case: Case, circumstances: Circumstances) -> Iterator[datetime]:
        for one in map(judged_alone, case.related.get(self.records, ())):
            if self.within is not None:
                yield one.created + self.within
            if self.where is not None:
                yield from self.where.crossings(one, circumstances)

    @property
    def needs(self) -> frozenset[Need]:
        words = MESSAGES if self.since and self.since != "escalation" else frozenset()
        return frozenset({self.records, *self.records.same, *words})


@dataclass(frozen=True, slots=True)
class Milestone:
    """A milestone of the case that is not completed and whose target is reached within the time; `violated` = now.

    IsViolated is not looked at: it flips without a write (Object Reference, CaseMilestone).
    """

    state: Literal["due", "violated"]
    within: timedelta = timedelta()
    name: str | None = None

    def targets(self, case: Case) -> list[datetime]:
        return [
            target
            for record in case.related.get(MILESTONES, ())
            if record.get(COMPLETED) is not True
            and isinstance(target := record.get(TARGET), datetime)
            and (self.name is None or str(record.get(TYPE) or "").strip().lower() == self.name.strip().lower())
        ]

    def look(self, case: Case, circumstances: Circumstances) -> datetime | None:
        """The earliest target."""
        return min(self.targets(case), default=None)

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        earliest = self.look(case, circumstances)
        return earliest is not None and earliest <= circumstances.now + self.within

    def crossings(self, case: Case, circumstances: Circumstances) -> Iterator[datetime]:
        yield from (target - self.within for target in self.targets(case))

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset({MILESTONES})
