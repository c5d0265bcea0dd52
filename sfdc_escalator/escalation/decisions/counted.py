"""The facts about a start that a report counts by, fixed when it is planned."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from sfdc_escalator.escalation.conditions.comparison import as_text
from sfdc_escalator.escalation.ladder.times import team_of
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.world.case import Case, Value
from sfdc_escalator.escalation.world.org import Describe

LONGEST = 60
"""A longer text of a custom field is prose, and no event keeps it."""


@dataclass(frozen=True, slots=True)
class Counted:
    """`team` is the responsible team, `counts_as` the name under which the route counts where it is not an escalation.
    `watched` says that runs look for acts of people: its route has a ladder. `values` are those of the fields of
    `review`, None where the field is empty; a field that cannot be counted is left out."""

    team: str = ""
    counts_as: str = ""
    watched: bool = False
    values: Mapping[str, str | None] = field(default_factory=dict, hash=False)


NOT_COUNTED = Counted()


def counted_of(policy: Policy, route: Route, case: Case, describe: Describe) -> Counted:
    values = dict(values_of(case, policy.review, describe))
    return Counted(team_of(route, case), route.counts_as, bool(route.ladder), values)


def values_of(case: Case, paths: tuple[str, ...], describe: Describe) -> Iterator[tuple[str, str | None]]:
    for path in paths:
        info, value = describe.field_at(path), value_at(case, path)
        if info and info.is_countable and (value is None or len(value) <= LONGEST):
            yield path, value


def value_at(case: Case, path: str) -> str | None:
    """The value of the field as a text; None where it is empty."""
    found = next((value for name, value in case.fields.items() if name.lower() == path.lower()), None)
    text = text_of(case.text_of(path) if found is None else found)
    return text.strip() or None if text else None


def text_of(value: Value) -> str | None:
    if isinstance(value, frozenset):
        return ";".join(sorted(map(str, value)))
    return value.isoformat() if isinstance(value, date) else None if value is None else as_text(value)
