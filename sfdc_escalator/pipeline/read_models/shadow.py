"""Policies beside the rules of an org, as reports print it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sfdc_escalator.escalation.shadow.comparison import KINDS, Kind, Pair
from sfdc_escalator.escalation.shadow.reasons import Reason


@dataclass(frozen=True, slots=True)
class Row:
    """An act on a case by both sides, or by one of them, and the likely reason where it is not the same. `names` are
    those of owners and users, by id."""

    pair: Pair
    number: str
    subject: str
    reason: Reason | None
    names: Mapping[str, str]

    def name(self, record_id: str) -> str:
        """The name of an owner or user; the id where it is not known."""
        return self.names.get(record_id) or record_id


@dataclass(frozen=True, slots=True)
class NotCompared:
    """A field without a history, or a route that cannot be judged in the past (`policy/route`), and why. `cases` are
    the numbers of those on which the policies would have set the field."""

    subject: str
    reason: str
    cases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shadow:
    """`policies` are names with their digests. `assumed` are the fields without a history whose values of today were
    taken for the whole time. `not_compared` matters to these policies: what they would do there is left out."""

    policies: tuple[tuple[str, str], ...]
    organization_id: str
    begin: datetime
    end: datetime
    cases: int
    rows: tuple[Row, ...]
    not_compared: tuple[NotCompared, ...]
    assumed: tuple[str, ...]
    instance_url: str = ""

    @property
    def counts(self) -> Mapping[Kind, int]:
        """Zero included."""
        counts = Counter(row.pair.kind for row in self.rows)
        return {kind: counts[kind] for kind in KINDS}

    @property
    def exit_code(self) -> int:
        """3 where something could not be compared."""
        return 3 if self.not_compared else 0
