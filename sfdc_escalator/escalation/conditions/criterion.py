"""What every condition can do, for conditions that hold others."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from sfdc_escalator.escalation.conditions.scene import Scene
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.evidence import Read


class Criterion(Protocol):
    """`holds` is the answer, `reads` what it must be given, `crossings` when time alone may change the answer."""

    def holds(self, case: Case, scene: Scene) -> bool: ...

    def crossings(self, case: Case, scene: Scene) -> Iterator[datetime]: ...

    @property
    def reads(self) -> frozenset[Read]: ...
