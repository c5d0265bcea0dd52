"""`in_state`: the time for which fields have held their values."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clauses.wording import CASE, Clause, field_words, listed, timed
from sfdc_escalator.escalation.conditions.clocks.clock import Clock
from sfdc_escalator.escalation.conditions.clocks.clock_narrowing import at_least_as_old
from sfdc_escalator.escalation.conditions.declaration import Key, Kind, Several, Takes
from sfdc_escalator.escalation.conditions.kinds.age import plain_age
from sfdc_escalator.escalation.conditions.leaf import Leaf
from sfdc_escalator.escalation.conditions.narrowing import Narrowing
from sfdc_escalator.escalation.conditions.shared_keys import LIMIT_KEYS, clocks, needs_limit
from sfdc_escalator.escalation.conditions.tree import together
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import FieldChanges, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class InState(Clock):
    """The time for which the fields have held their values without a break; the case's age where they never changed."""

    kind: ClassVar[str] = "in_state"
    paths: tuple[str, ...]

    def start(self, case: Case, circumstances: Circumstances) -> datetime | None:
        if any(path not in case.field_changes for path in self.paths):
            return None
        return max(
            (case.field_changes[path][-1].at for path in self.paths if case.field_changes[path]), default=case.created
        )

    @property
    def sources(self) -> frozenset[Need]:
        return frozenset(self.paths) | frozenset(map(FieldChanges, self.paths))

    def narrowed(self, want: bool, circumstances: Circumstances) -> Narrowing:
        return at_least_as_old(self, want, circumstances)

    @property
    def thing(self) -> str:
        return " and ".join(self.paths)

    def time_text(self, time: str) -> str:
        return f"{self.thing} held for {time}"

    def clause(self, holds: bool = True, subject: str = CASE) -> Clause:
        what = listed(list(map(field_words, self.paths)), "and")
        have = "has" if len(self.paths) == 1 else "have"
        text = f"{what} {have} not changed for {{}}"
        return Clause(timed(text, self.operator, self.limit, self.calendar, holds))

    def consequence(self) -> Leaf | None:
        """The case is at least that old."""
        return plain_age(self, "CreatedDate")


KIND = Kind(
    about="The time for which fields have held their values without a break.",
    keys=(
        Key(
            "in_state",
            Several(Takes.FIELD),
            "The time for which this field, or several together, have held their values without a break.",
            True,
        ),
        *LIMIT_KEYS,
    ),
    build=lambda given, terms: together(clocks(InState, given, terms, paths=tuple(given["in_state"]))),
    examples=("{in_state: Status, at_least: 2h}",),
    refusals=needs_limit,
)
