"""The decision tables of a policy."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from sfdc_escalator.escalation.conditions.clauses.wording import field_words, time_words
from sfdc_escalator.escalation.conditions.comparison import as_text, options
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.conditions.tree import leaves
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.policy.team import Team
from sfdc_escalator.escalation.policy.telling import Recipient
from sfdc_escalator.escalation.time.calendars import BusinessDays
from sfdc_escalator.reports.html.words import team_words, title


class TableText(NamedTuple):
    """A decision table: its columns, its rows (the last cell is what it gives), and what it gives else."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    otherwise: str


def table_texts(policy: Policy) -> Iterator[TableText]:
    """The tables with a name that the policy uses anywhere, each once."""
    teams = frozenset(policy.teams)
    found: dict[str, Table[Any]] = {}
    for table in used_tables(policy):
        if table.name:
            found.setdefault(table.name, table)
    for name, table in found.items():
        rows = tuple((*map(cell, row.cells), gives(row.value, teams)) for row in table.rows)
        otherwise = "" if table.otherwise is None else gives(table.otherwise, teams)
        columns = tuple(upper(field_words(path).removeprefix("the ")) for path in table.by)
        yield TableText(name, columns, rows, otherwise)


def upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def cell(given: Any) -> str:
    return " or ".join(as_text(one) for one in options(given))


def gives(value: Any, teams: frozenset[str]) -> str:
    """The value of a row: a time, a team, or a text."""
    if hasattr(value, "total_seconds") or isinstance(value, BusinessDays):
        return time_words(value)
    if isinstance(value, Team):
        return team_words(value)
    text = str(getattr(value, "name", value)) if not isinstance(value, (bool, int, float)) else as_text(value)
    return title(text) if text in teams else text


def used_tables(policy: Policy) -> Iterator[Table[Any]]:
    for condition in policy.conditions:
        yield from (table for leaf in leaves(condition) for table in leaf.tables)
    for route in policy.routes:
        for escalate in (route.escalate, *(rung.escalate for rung in route.ladder.rungs)):
            given = (*escalate.steps.values(), *escalate.note.quick_texts) if escalate else ()
            yield from (one for one in given if isinstance(one, Table))
        due = (getattr(route.due, "time", None), getattr(route.due, "calendar", None))
        rungs = (one for rung in route.ladder.rungs for one in (rung.when.time, getattr(rung.when, "calendar", None)))
        yield from (one for one in (*due, *rungs) if isinstance(one, Table))
        yield from named_by(route.recipients)


def named_by(recipients: Iterator[Recipient]) -> Iterator[Table[Any]]:
    yield from (one.name for one in recipients if isinstance(one.name, Table))
