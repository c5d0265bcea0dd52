"""`soql`: the org's answer to a raw filter."""

from dataclasses import dataclass
from typing import ClassVar

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clauses.wording import CASE, Clause
from sfdc_escalator.escalation.conditions.condition import Finding
from sfdc_escalator.escalation.conditions.declaration import Key, Kind, Takes
from sfdc_escalator.escalation.conditions.findings import shown
from sfdc_escalator.escalation.conditions.leaf import Leaf
from sfdc_escalator.escalation.conditions.narrowing import EVERYTHING, Narrowing, Raw
from sfdc_escalator.escalation.world.case import Case, Value
from sfdc_escalator.escalation.world.needs import Answered, Need


@dataclass(frozen=True, slots=True)
class Soql(Leaf):
    """A raw SOQL filter, which only the org can judge."""

    kind: ClassVar[str] = "soql"
    fragment: str

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset({Answered(self.fragment)})

    def look(self, case: Case, circumstances: Circumstances) -> Value:
        return case.answers.get(self.fragment)

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        return case.answers.get(self.fragment, False)

    def narrowed(self, want: bool, circumstances: Circumstances) -> Narrowing:
        return Raw(self.fragment) if want else EVERYTHING

    def described(self, finding: Finding) -> str:
        return f"the org says {'yes' if finding.holds else 'no'} to {shown(self.fragment)}"

    @property
    def brief(self) -> str:
        return f"soql {shown(self.fragment)}"

    def clause(self, holds: bool = True, subject: str = CASE) -> Clause:
        return Clause(f"Salesforce finds {subject} {'' if holds else 'not '}by the filter `{self.fragment}`")


KIND = Kind(
    about="A raw filter in SOQL, which only the org can judge.",
    keys=(Key("soql", Takes.FRAGMENT, "A filter, as written after WHERE. Only the org can judge it.", True),),
    build=lambda given, _: Soql(given["soql"]),
    examples=("{soql: Origin = 'Phone' OR Priority = null}",),
)
