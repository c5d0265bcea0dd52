"""What every condition can do, for conditions that hold others."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import Need


class Criterion(Protocol):
    """`holds` is the answer, `needs` what it must be given, `crossings` when time alone may change the answer."""

    def holds(self, case: Case, circumstances: Circumstances) -> bool: ...

    def crossings(self, case: Case, circumstances: Circumstances) -> Iterator[datetime]: ...

    @property
    def needs(self) -> frozenset[Need]: ...
