"""The report of a period."""

from typing import Any

from sfdc_escalator.escalation.figures.figure import Figure, Row
from sfdc_escalator.pipeline.read_models.report import Report
from sfdc_escalator.reports.json.ladder import maybe
from sfdc_escalator.reports.values import instant


def report_json(report: Report) -> dict[str, Any]:
    return {
        "ledger": report.where,
        "organizations": list(report.organizations),
        "policies": list(report.policies),
        "from": instant(report.period.begin),
        "to": instant(report.period.end),
        "zone": report.period.zone.key or "UTC",
        "as_of": maybe(report.as_of),
        "remarks": list(report.remarks),
        "figures": [figure_json(one) for one in report.figures],
    }


def figure_json(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "title": figure.title,
        "definition": figure.definition,
        "unit": figure.unit,
        "rows": [row_json(one) for one in figure.rows],
    }


def row_json(row: Row) -> dict[str, Any]:
    """The row; null for what the figure is not counted by. `of` is the whole of a part, `against` the same part of
    another whole."""
    against = {"value": row.against.value, "of": row.against.of} if row.against else None
    return {
        "route": row.route or None,
        "team": row.team or None,
        "day": row.day.isoformat() if row.day else None,
        "value": row.value,
        **({"policy": row.policy} if row.policy else {}),
        **row.more,
        **({"of": row.of} if row.of is not None else {}),
        **({"against": against} if against else {}),
    }
