"""All figures of a report, in the order in which people read them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sfdc_escalator.escalation.figures.acts import Acts
from sfdc_escalator.escalation.figures.closings import Closings
from sfdc_escalator.escalation.figures.facts import Started
from sfdc_escalator.escalation.figures.figure import Figure, Row
from sfdc_escalator.escalation.figures.in_common import InCommon, OpenCases
from sfdc_escalator.escalation.figures.period import Period
from sfdc_escalator.escalation.figures.rungs import Rungs
from sfdc_escalator.escalation.figures.runs import RunTimes, run_figures
from sfdc_escalator.escalation.figures.starts import Starts
from sfdc_escalator.escalation.figures.troubles import Troubles, Warnings

Messages = Mapping[tuple[str, str], int]
"""The messages by recipient and channel."""
WITHOUT_ROWS = frozenset(
    {"counted_as", "waiting_unwatched", "act_not_recorded", "closing_not_recorded", "avoided_not_recorded"}
)
"""Figures that are left out where they have no rows: they say that something is not known, or is not asked for."""


@dataclass(slots=True)
class OfEscalations:
    """Everything that is counted of escalations, one after the other."""

    period: Period
    starts: Starts = field(init=False)
    acts: Acts = field(default_factory=Acts)
    closings: Closings = field(default_factory=Closings)
    rungs: Rungs = field(default_factory=Rungs)
    in_common: InCommon = field(default_factory=InCommon)

    def __post_init__(self) -> None:
        self.starts = Starts(self.period)

    def add(self, one: Started) -> None:
        """Counts the escalation where it started in the period."""
        if not self.period.has(one.started):
            return
        self.starts.add(one)
        if not one.counts_as:
            for part in (self.acts, self.closings, self.rungs, self.in_common):
                part.add(one)


@dataclass(slots=True)
class Facts:
    """All that the figures of a period are made of. `as_of` is the org's time of the last run. `unlisted` says that
    more cases waited for a person than the runs list; `pruned` is the time before which the ledger was pruned."""

    period: Period
    escalations: OfEscalations
    troubles: Troubles
    warnings: Warnings
    messages: Messages
    runs: RunTimes
    as_of: datetime | None = None
    unlisted: bool = False
    pruned: datetime | None = None


def all_figures(facts: Facts, every: timedelta | None, open_cases: OpenCases | None) -> tuple[Figure, ...]:
    """The figures; where several policies have rows, those by route are by policy as well."""
    of = facts.escalations
    found = [
        *of.starts.figures(),
        *of.acts.figures(),
        *of.closings.figures(),
        *of.rungs.figures(),
        *facts.warnings.figures(),
        *facts.troubles.figures(),
        messages_figure(facts.messages),
        *run_figures(facts.runs, facts.period, every),
        *of.in_common.figures(open_cases),
    ]
    kept = [one for one in found if one.rows or one.name not in WITHOUT_ROWS]
    policies = {row.policy for one in kept for row in one.rows} - {""}
    return tuple(by_policy(one) if len(policies) > 1 else one for one in kept)


def by_policy(figure: Figure) -> Figure:
    return replace(figure, by=("policy", *figure.by)) if "route" in figure.by else figure


def messages_figure(messages: Messages) -> Figure:
    rows = (Row(n, more={"recipient": to, "channel": by}) for (to, by), n in sorted(messages.items()))
    definition = (
        "Messages that were delivered in the period, by recipient and channel; persons by their id. Notices that were "
        "delivered together are one message."
    )
    return Figure("messages", "Messages", definition, "messages", ("recipient", "channel"), tuple(rows))
