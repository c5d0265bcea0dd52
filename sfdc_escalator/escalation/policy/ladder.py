"""A ladder as the policy says it: what happens when nobody acts, one rung after the other."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, NamedTuple

from sfdc_escalator.escalation.conditions.clocks.stopped_clock import Calendars, Limits
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.owner import Owner
from sfdc_escalator.escalation.conditions.kinds.spoke import Spoke
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.conditions.tree import AnyOf
from sfdc_escalator.escalation.policy.escalate import Escalate
from sfdc_escalator.escalation.policy.proof_needs import needs_of_proof
from sfdc_escalator.escalation.policy.telling import NOBODY, Notify
from sfdc_escalator.escalation.world.needs import Need

Time = timedelta | Table[timedelta]
Until = Literal["acknowledged", "closed"]
SOMEBODY_ACTED = AnyOf((Owner("user"), Spoke("agent", "escalation")))
"""The proof that a person acted, where a route does not say another one."""


class After(NamedTuple):
    """Due once this time has run since the start; with a calendar, open time."""

    time: Limits
    calendar: Calendars = None


class BeforeDue(NamedTuple):
    """Due this long before the due time of the escalation."""

    time: Time


class AfterDue(NamedTuple):
    """Due this long after the due time of the escalation."""

    time: Time


When = After | BeforeDue | AfterDue


class Repeat(NamedTuple):
    """Further turns, one after each `every`, at most `at_most` of them."""

    every: timedelta
    at_most: int


@dataclass(frozen=True, slots=True)
class Rung:
    """`id` is its name, else its time as written: `after-30m`, `before-due-4h`, `after-2-business-days`.

    With `escalate` None it only notifies people. `notes` says that it writes its note though no field changes.
    """

    id: str
    when: When
    until: Until
    escalate: Escalate | None = None
    notes: bool = False
    notify: Notify = NOBODY
    say: str = ""
    repeat: Repeat | None = None
    formerly: tuple[str, ...] = ()

    @property
    def turns(self) -> int:
        """The number of times that it is carried out at most."""
        return 1 + (self.repeat.at_most if self.repeat else 0)

    @property
    def ids(self) -> frozenset[str]:
        return frozenset({self.id, *self.formerly})

    @property
    def needs(self) -> frozenset[Need]:
        """The fields that its times, its note and its steps read."""
        given = (self.when.time, getattr(self.when, "calendar", None))
        paths = {path for one in given if isinstance(one, Table) for path in one.by}
        return frozenset[Need](paths) | (self.escalate.needs if self.escalate else frozenset())


class DueIn(NamedTuple):
    """Due this long after the plan that starts the escalation, rounded up to a full minute."""

    time: Time


class EndOfDay(NamedTuple):
    """Due when the business day ends; the next one where less than `at_least` of this one is left."""

    calendar: Calendars
    at_least: timedelta = timedelta()


Due = DueIn | EndOfDay


@dataclass(frozen=True, slots=True)
class Ladder:
    """The rungs in the order of the file. With `highest_only` an outage climbs the highest rung that is due and skips
    the lower ones. `acknowledged` proves that a person acted."""

    rungs: tuple[Rung, ...] = ()
    highest_only: bool = False
    acknowledged: Condition = SOMEBODY_ACTED

    def __bool__(self) -> bool:
        return bool(self.rungs)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of its rungs today."""
        return tuple(rung.id for rung in self.rungs)

    @property
    def needs(self) -> frozenset[Need]:
        """Everything that its rungs and the proof of an act read."""
        own = needs_of_proof(self.acknowledged) if self.rungs else frozenset[Need]()
        return own.union(*(rung.needs for rung in self.rungs))

    @property
    def calendars(self) -> Iterable[Calendars]:
        return (rung.when.calendar for rung in self.rungs if isinstance(rung.when, After))


NO_LADDER = Ladder()


def due_needs(due: Due | None) -> Iterable[Need]:
    """The fields by which a table gives the due time or its calendar."""
    given = due.calendar if isinstance(due, EndOfDay) else due and due.time
    return given.by if isinstance(given, Table) else ()
