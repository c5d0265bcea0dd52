"""Escalation rules of the org: cases that are old enough are escalated by the user Automated Process."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sfdc_escalator.embedded_org.basics import clock
from sfdc_escalator.embedded_org.records import people, records
from sfdc_escalator.embedded_org.store.automation import Rule
from sfdc_escalator.embedded_org.store.work import Work

_OWNER_ROW = "ownerEscalated"  # in CaseHistory (Object Reference)


def escalate(work: Work) -> None:
    """Escalates the open cases whose time has come, each at its own minute. The caller holds a transaction."""
    rules, cases = work.database.automation.of("escalation_rule"), work.database.schema["Case"]
    now = work.moment
    ids = work.database.query('SELECT Id FROM "Case" WHERE IsClosed = 0 AND IsEscalated = 0 AND IsDeleted = 0')
    due = []
    for (case_id,) in ids if rules else ():
        case = work.database.row(cases, case_id) or {}
        rule = next((each for each in rules if each.matches("Case", None, case)), None)
        if rule and (at := _due(rule, case)) <= now:
            due.append((at, case_id, rule))
    for at, case_id, rule in sorted(due, key=lambda each: each[:2]):
        work.moment, work.owner_row = at, _OWNER_ROW
        work.user_id = people.acting(work, "automation")
        owner = {"OwnerId": rule.to} if rule.to else {}
        records.change(work, cases, work.database.row(cases, case_id) or {}, {"IsEscalated": 1, **owner})


def _due(rule: Rule, case: dict[str, Any]) -> datetime:
    """The minute of the rule; of a case that was changed later the time of its change, which may have made it match."""
    due = clock.instant(case["CreatedDate"]) + timedelta(minutes=rule.minutes)
    return max(due, clock.instant(case["LastModifiedDate"]))
