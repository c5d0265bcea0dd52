"""The check of the ledger after a run: every open escalation goes on, or has ended for a reason."""

from typing import NamedTuple


class Forgotten(NamedTuple):
    """An open escalation that nothing would ever carry on, and why."""

    key: str
    why: str


class SelfCheck(NamedTuple):
    """`open` counts the open escalations; `ms` is the time that the check took, in milliseconds."""

    open: int = 0
    problems: tuple[Forgotten, ...] = ()
    ms: int = 0


UNCHECKED = SelfCheck()
