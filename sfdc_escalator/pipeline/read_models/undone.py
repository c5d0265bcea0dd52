"""An undo as reports print it."""

from dataclasses import dataclass

from sfdc_escalator.escalation.world.escalation import Escalation


@dataclass(frozen=True, slots=True)
class UndoneOnCase:
    """A written undo: the person, the reason (empty where its text was erased, or another ledger has it), and the keys
    that it took back."""

    undo: Escalation
    by: str = ""
    why: str = ""
    keys: tuple[str, ...] = ()
