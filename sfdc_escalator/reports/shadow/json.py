"""A comparison with the rules of an org."""

from typing import Any

from sfdc_escalator.escalation.shadow.comparison import WITHIN
from sfdc_escalator.pipeline.read_models.shadow import Row, Shadow
from sfdc_escalator.reports.shadow import words
from sfdc_escalator.reports.values import instant


def shadow_json(found: Shadow) -> dict[str, Any]:
    return {
        "organization_id": found.organization_id,
        "policies": [{"policy": name, "digest": digest} for name, digest in found.policies],
        "since": instant(found.begin),
        "until": instant(found.end),
        "within_seconds": int(WITHIN.total_seconds()),
        "cases": found.cases,
        "counts": dict(found.counts),
        "not_compared": [
            {"subject": one.subject, "reason": one.reason, "cases": list(one.cases)} for one in found.not_compared
        ],
        "without_history": list(found.assumed),
        "listed": [row_json(row) for row in found.rows],
    }


def row_json(row: Row) -> dict[str, Any]:
    """`value` as Salesforce has it: the id of an owner. The likely reason is null for what is equal."""
    effect, ours, theirs = row.pair.effect, row.pair.ours, row.pair.theirs
    return {
        "kind": row.pair.kind,
        "case_id": effect.case_id,
        "case_number": row.number,
        "subject": row.subject,
        "field": effect.field,
        "value": effect.value,
        "what": words.what_of(row),
        "ours": ours
        and {
            "at": instant(ours.at),
            "policy": ours.policy,
            "route": ours.route,
            "rung": ours.rung,
            "turn": ours.turn,
        },
        "theirs": theirs
        and {
            "at": instant(theirs.at),
            "by": theirs.by,
            "name": row.name(theirs.by),
            "at_creation": theirs.at_creation,
        },
        "reason": row.reason and {"code": row.reason.code, "text": words.reason_text(row)},
    }
