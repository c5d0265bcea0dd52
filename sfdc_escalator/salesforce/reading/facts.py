"""The facts of an org that its records are read with."""

from datetime import datetime
from typing import NamedTuple

from sfdc_escalator.escalation.world.org import Describe


class Facts(NamedTuple):
    """The known facts of the org: its objects, the fields with a history, its time, and our users.

    `tracked` is None if the org does not list the fields with a history.
    """

    describe: Describe
    tracked: frozenset[str] | None
    now: datetime
    us: frozenset[str]
