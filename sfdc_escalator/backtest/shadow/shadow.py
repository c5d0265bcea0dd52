"""Compares policies with the rules of an org: reads its past, replays the policies in it, pairs the acts of both."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from sfdc_escalator.backtest.shadow.fitness import not_compared, untold
from sfdc_escalator.backtest.shadow.story import Story
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.shadow.acts import OWNER
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.org import Caller, OrgFacts
from sfdc_escalator.pipeline.ports.past import PastOrg
from sfdc_escalator.pipeline.read_models.shadow import Row, Shadow

STEP = 500
"""The number of cases between two reports of progress."""
Progress = Callable[[str, int, int], None]


def shadow(org: PastOrg, caller: Caller, policies: Sequence[Policy], since: timedelta, progress: Progress) -> Shadow:
    """Nothing is written. Raises OrgUnavailable where the org cannot be read."""
    facts = org.past_facts(caller, policies)
    begin = caller.now - since
    past = org.past_cases(policies, facts, begin)
    story = Story(policies, facts, past, names_of(org, facts, past.cases), begin)
    rows: list[Row] = []
    for count, case in enumerate(past.cases, 1):
        rows += (row for row in story.rows(case) if max(row.pair.times) >= begin)
        if count % STEP == 0 or count == len(past.cases):
            progress("cases compared", count, len(past.cases))
    return Shadow(
        policies=tuple((one.name, one.digest) for one in policies),
        organization_id=caller.organization_id,
        begin=begin,
        end=caller.now,
        cases=len(past.cases),
        rows=tuple(sorted(rows, key=lambda row: (row.number, row.pair.times[0], row.pair.effect, row.pair.kind))),
        not_compared=tuple(not_compared(policies, story.left_out, story.kept, story.lost)),
        assumed=tuple(untold(policies, None, facts.describe, story.with_history)),
        instance_url=caller.instance_url,
    )


def names_of(org: PastOrg, facts: OrgFacts, cases: Sequence[Case]) -> dict[str, str]:
    """The names of the owners, and of everybody who changed something, by id."""
    names = {one.id: one.name for one in facts.targets.values()}
    names |= {case.owner_id: case.owner_name for case in cases if case.owner_name}
    ids = {change.by for case in cases for some in case.field_changes.values() for change in some}
    owners = (one for case in cases for one in case.field_changes.get(OWNER, ()))
    ids |= {str(value) for one in owners for value in (one.before, one.after) if value}
    people = org.people(sorted(ids - names.keys() - {""}))
    names |= {one.id: one.name for one in people.persons.values()}
    return names | {one.id: one.name for one in people.groups.values()}
