"""`milestone`: a milestone of the case that is due or violated."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clauses.wording import CASE, Clause, quoted, time_words
from sfdc_escalator.escalation.conditions.condition import Finding
from sfdc_escalator.escalation.conditions.declaration import Given, Key, Kind, OneOf, Refusal, Takes, Terms
from sfdc_escalator.escalation.conditions.findings import compared, shown
from sfdc_escalator.escalation.conditions.leaf import Leaf
from sfdc_escalator.escalation.time.durations import in_words
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import Need, Records

TARGET, COMPLETED, TYPE = "TargetDate", "IsCompleted", "MilestoneType.Name"
MILESTONES = Records("CaseMilestones", (COMPLETED, TYPE, TARGET))


@dataclass(frozen=True, slots=True)
class Milestone(Leaf):
    """A milestone of the case that is not completed and whose target is reached within the time; `violated` = now.

    IsViolated is not used: it changes without a write (Object Reference, CaseMilestone).
    """

    kind: ClassVar[str] = "milestone"
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

    def judged(self, case: Case, circumstances: Circumstances) -> Finding:
        found = Leaf.judged(self, case, circumstances)
        target = self.look(case, circumstances)
        late = circumstances.now - target if target and target <= circumstances.now else None
        return found._replace(late=late)

    def crossings(self, case: Case, circumstances: Circumstances) -> Iterator[datetime]:
        yield from (target - self.within for target in self.targets(case))

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset({MILESTONES})

    def described(self, finding: Finding) -> str:
        subject = f"the milestone {self.name}" if self.name else "the next milestone"
        seen = "does not exist" if finding.seen is None else f"has its target at {shown(finding.seen)}"
        if finding.late is not None:
            seen = f"was due {in_words(finding.late)} ago, at {shown(finding.seen)}"
        asked = "violated" if self.state == "violated" else f"due within {in_words(self.within)}, or past"
        return compared(f"{subject} {seen}", asked, finding)

    @property
    def brief(self) -> str:
        return f"milestone {self.state}"

    def clause(self, holds: bool = True, subject: str = CASE) -> Clause:
        which = f"the milestone {quoted(self.name)}" if self.name else "a milestone"
        if self.state == "violated":
            asked = "is past its target"
        else:
            asked = f"is due within {time_words(self.within)}, or past its target"
        return Clause(f"{which} {asked}" if holds else f"it is not so that {which} {asked}")

    def implies(self, other: Leaf) -> bool:
        return isinstance(other, Milestone) and self.within <= other.within and other.name in (None, self.name)


def build(given: Given, terms: Terms) -> Milestone:
    return Milestone(given["milestone"], given.get("within", timedelta()), given.get("name"))


def refusals(given: Given) -> Iterator[Refusal]:
    state = given["milestone"]
    if state == "due" and "within" not in given:
        yield Refusal("`due` needs `within`", "`within: 1h`", state)
    if state == "violated" and "within" in given:
        yield Refusal("a violated milestone is already past its target", "no `within`", state)


KIND = Kind(
    about="A milestone of the case that is not completed: due within a time, or past its target.",
    keys=(
        Key("milestone", OneOf(("due", "violated")), "An open milestone: `violated`, or `due` within a time.", True),
        Key("within", Takes.DURATION, "Its target is reached within this time."),
        Key("name", Takes.NAME, "Only the milestone of this name."),
    ),
    build=build,
    examples=("{milestone: violated}", "{milestone: due, within: 1h, name: First Response}"),
    refusals=refusals,
)
