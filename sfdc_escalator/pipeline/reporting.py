"""The report of a period from its facts: the figures, and what has to be said about them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sfdc_escalator.errors import counted
from sfdc_escalator.escalation.figures.figures import Facts, all_figures
from sfdc_escalator.escalation.figures.in_common import OpenCases
from sfdc_escalator.pipeline.read_models.report import Report


@dataclass(frozen=True, slots=True)
class Source:
    """The place of a ledger, the orgs and the policies of it that count (without policies all of them), and the
    present."""

    where: str
    organizations: tuple[str, ...]
    policies: tuple[str, ...]
    now: datetime


def report_of(
    facts: Facts, source: Source, every: timedelta | None, open_cases: OpenCases | None = None, left_out: str = ""
) -> Report:
    """`left_out` is the reason for which the values were not compared with those of all open cases."""
    return Report(
        period=facts.period,
        figures=all_figures(facts, every, open_cases),
        remarks=tuple(remarks(facts, source, left_out)),
        where=source.where,
        organizations=source.organizations,
        policies=source.policies,
        as_of=facts.as_of,
    )


def remarks(facts: Facts, source: Source, left_out: str) -> Iterator[str]:
    if facts.as_of is None:
        yield "The ledger has no run yet that recorded the org's time."
    if facts.period.end > source.now:
        yield "The period is not over: its figures may still grow."
    if len(source.organizations) > 1:
        yield (
            f"The ledger has runs of {counted(len(source.organizations), 'org')}, which are counted together: name one "
            "with --org whose entry says `expect: {organization_id: ...}`."
        )
    if facts.unlisted:
        yield "Some runs left more cases for people than the ledger lists: `held` and `withheld` may be too low."
    if facts.pruned and facts.period.begin < facts.pruned:
        yield (
            f"The ledger was pruned before {facts.pruned:%Y-%m-%d}: what was rejected, unknown, warned about or "
            "sent before then is not counted where its escalation has ended."
        )
    if facts.escalations.in_common.values and left_out:
        yield f"The values in common are not compared with those of all open cases: {left_out}."
