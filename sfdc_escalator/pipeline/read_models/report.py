"""The report of a period as reports print it: the figures, all from the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sfdc_escalator.escalation.figures.figure import Figure
from sfdc_escalator.escalation.figures.period import Period

ABSENCES = ("longest_gap", "runs_missed", "runs_not_dated")
"""The figures that have rows though nothing happened."""


@dataclass(frozen=True, slots=True)
class Report:
    """`figures` come in the order in which people read them; `remarks` are sentences about what is left out, and why.

    `where` is the ledger. `organizations` are the ids of the orgs that it has runs of, `policies` the policies that
    count. `as_of` is the org's time of the last run; None before the first one.
    """

    period: Period
    figures: tuple[Figure, ...]
    remarks: tuple[str, ...] = ()
    where: str = ""
    organizations: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    as_of: datetime | None = None

    @property
    def by_name(self) -> Mapping[str, Figure]:
        return {figure.name: figure for figure in self.figures}

    @property
    def is_empty(self) -> bool:
        """True where nothing at all happened in the period; a missing run does not count as something."""
        return not any(figure.rows for figure in self.figures if figure.name not in ABSENCES)
