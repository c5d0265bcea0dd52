"""One case explained: each route of each policy with its conditions."""

from datetime import datetime
from typing import Any

from sfdc_escalator.escalation.conditions.clocks.clock import Clock
from sfdc_escalator.escalation.conditions.condition import Finding
from sfdc_escalator.escalation.conditions.findings import in_plain_words, time_in_words
from sfdc_escalator.escalation.conditions.leaf import Leaf
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not
from sfdc_escalator.escalation.decisions.match import Match
from sfdc_escalator.escalation.explaining.explanation import Explained, explain
from sfdc_escalator.pipeline.preparing.case_ladders import CaseLadder
from sfdc_escalator.pipeline.preparing.examine import Examined
from sfdc_escalator.pipeline.read_models.undone import UndoneOnCase
from sfdc_escalator.reports.json.ladder import open_json
from sfdc_escalator.reports.json.notices import last_and_next_json
from sfdc_escalator.reports.json.run import escalation_json
from sfdc_escalator.reports.ladder_text import ladder_text
from sfdc_escalator.reports.values import instant


def explain_json(examined: Examined) -> dict[str, Any]:
    """The whole explanation; the command adds `exit`."""
    case, org_facts = examined.case, examined.policies_in_org[0].org_facts
    return {
        "case": {"id": case.id, "number": case.number, "url": f"{org_facts.caller.instance_url}/{case.id}"},
        "now": instant(examined.policies_in_org[0].now),
        "policies": [
            {
                "policy": in_org.policy.name,
                "decision": escalation_json(judged.outcome, in_org.now) if isinstance(judged, Match) else None,
                "routes": [route_json(one) for one in explain(in_org, case, judged)],
            }
            for in_org, judged in zip(examined.policies_in_org, examined.judged, strict=True)
        ],
        "ladders": [ladder_json(one) for one in examined.ladders],
        "undone": [undone_json(one) for one in examined.undos],
        **last_and_next_json(examined.notices),
    }


def undone_json(one: UndoneOnCase) -> dict[str, Any]:
    """An undo: its key, the keys that it took back, who and why; null where the ledger does not have it."""
    undo = one.undo
    return {
        "key": undo.key,
        "undoes": list(one.keys),
        "policy": undo.policy,
        "route": undo.route,
        "at": instant(undo.tried_at) if undo.tried_at else None,
        "by": one.by or None,
        "why": one.why or None,
    }


def ladder_json(one: CaseLadder) -> dict[str, Any]:
    text = ladder_text(one.escalation, one.zone, one.now, one.until)
    return {**open_json(one.escalation), "text": text}


def route_json(one: Explained) -> dict[str, Any]:
    return {
        "route": one.route.name,
        "matches": one.matches,
        "conditions": finding_json(one.finding),
        "missing": [miss.text for miss in one.missing],
        "matches_at": instant(one.when) if one.when else None,
        "obstacles": list(one.obstacles),
    }


def finding_json(finding: Finding) -> dict[str, Any]:
    condition = finding.condition
    if isinstance(condition, (All, AnyOf, Not)):
        parts = [finding_json(part) for part in finding.parts]
        return {"condition": group_name(condition), "holds": finding.holds, "parts": parts}
    assert isinstance(condition, Leaf)
    seen = time_json(condition, finding.seen) if isinstance(condition, Clock) else value_json(finding.seen)
    return {"condition": in_plain_words(finding), "kind": condition.kind, "holds": finding.holds, "seen": seen}


def group_name(condition: All | AnyOf | Not) -> str:
    return "all of" if isinstance(condition, All) else "any of" if isinstance(condition, AnyOf) else "not"


def time_json(clock: Clock, seen: Any) -> str | None:
    return None if seen is None else time_in_words(seen, open_time=clock.calendar is not None)


def value_json(value: Any) -> Any:
    """A value of a case in JSON."""
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, frozenset):
        return sorted(value)
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
