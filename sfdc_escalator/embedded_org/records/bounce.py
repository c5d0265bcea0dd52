"""Owner bounces: routing or a flow moves a case on after a committed change of its owner."""

from __future__ import annotations

from sfdc_escalator.embedded_org.basics.api_error import ApiError
from sfdc_escalator.embedded_org.records import people, records
from sfdc_escalator.embedded_org.store.automation import Rule
from sfdc_escalator.embedded_org.store.work import Work


def move_on(work: Work, moved: list[str]) -> None:
    """Moves each case on whose new owner is named by a rule; the rules apply in order, each once.

    The caller holds a transaction that begins after the commit of the change.
    """
    rules = work.database.automation.of("owner_bounce")
    for case_id in dict.fromkeys(moved):
        for number, rule in enumerate(rules):
            _apply(work, case_id, number, rule)


def _apply(work: Work, case_id: str, number: int, rule: Rule) -> None:
    cases = work.database.schema["Case"]
    case = work.database.row(cases, case_id)
    if case is None or case["IsDeleted"] or case["OwnerId"] != rule.source:
        return
    rows = work.database.query("SELECT Times FROM _bounces WHERE Rule = ? AND RecordId = ?", (number, case_id))
    times = rows[0][0] if rows else 0
    if rule.times and times >= rule.times:
        return
    work.user_id = people.acting(work, "automation")
    try:
        with work.savepoint():
            records.change(work, cases, case, {"OwnerId": rule.to})
    except ApiError:  # a failed flow is not reported: an inactive owner does not get the case
        return
    work.database.execute("INSERT OR REPLACE INTO _bounces VALUES (?, ?, ?)", (number, case_id, times + 1))
