"""A poll read to its end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.keys import RouteName
from sfdc_escalator.pipeline.ports.org import CasePage


@dataclass(frozen=True, slots=True)
class WholePoll:
    cases: tuple[Case, ...]
    at: datetime
    broken: Mapping[RouteName, str]


def whole(pages: Iterable[CasePage]) -> WholePoll:
    """Its cases by id, the time of its first page, and all routes that were not read."""
    read = list(pages)
    cases = sorted((case for page in read for case in page.cases), key=lambda case: case.id)
    return WholePoll(tuple(cases), read[0].at, read[-1].broken)
