"""The cases of a past time with their whole history: what was said, what was changed, and by whom."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from sfdc_escalator.errors import OrgUnavailable
from sfdc_escalator.escalation.conditions.comparison import fold
from sfdc_escalator.escalation.conditions.kinds.milestone import MILESTONES
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.readiness.requirements import needs_of
from sfdc_escalator.escalation.world.needs import Answered, FieldChanges, Lookup, Need, Records
from sfdc_escalator.escalation.world.org import Describe, OrgFacts
from sfdc_escalator.pipeline.ports.past import PastCases
from sfdc_escalator.pipeline.ports.progress import Progress
from sfdc_escalator.salesforce.line.client import Client
from sfdc_escalator.salesforce.line.failures import Rejected
from sfdc_escalator.salesforce.line.pages import Record
from sfdc_escalator.salesforce.polling.case_pages import READING
from sfdc_escalator.salesforce.polling.poll import paths_asked, sound, unread
from sfdc_escalator.salesforce.reading.facts import Facts
from sfdc_escalator.salesforce.reading.field_changes import HISTORY_FIELDS
from sfdc_escalator.salesforce.reading.records import CaseReader, read, selected
from sfdc_escalator.salesforce.reading.second_look import complete
from sfdc_escalator.salesforce.schema.values import flag, given, text
from sfdc_escalator.salesforce.soql.soql import instant, select

ALWAYS = ("IsClosed", "ClosedDate", "IsEscalated", "LastModifiedDate")
"""The fields that tell when a case was closed, escalated and changed; read where our user may read them."""
CHANGED = ("OwnerId", "Status", "Priority", "IsEscalated")
HISTORY: frozenset[Lookup] = frozenset(map(FieldChanges, CHANGED))
COMPLETED_AT = Records(MILESTONES.relation, (*MILESTONES.fields, "CompletionDate"))
PROBE = select(HISTORY_FIELDS, "CaseHistory", "", "LIMIT 1")
STATUSES = "SELECT ApiName, MasterLabel, IsClosed FROM CaseStatus"


def past_cases(
    client: Client,
    policies: Sequence[Policy],
    org_facts: OrgFacts,
    since: datetime,
    us: frozenset[str],
    progress: Progress,
) -> PastCases:
    """See `PastOrg.past_cases`."""
    history, statuses = client.try_lookups([PROBE, STATUSES])
    if isinstance(history, OrgUnavailable):
        raise refused(history)
    routes = [(policy, route) for policy in policies for route in policy.routes]
    broken = {(p.name, r.name): gap for p, r in routes if (gap := unread(p, r, org_facts.describe))}
    paths = paths_asked(sound(org_facts, policies, broken)) | org_facts.describe.readable(ALWAYS)
    fields = selected(paths, org_facts.describe)
    reader = CaseReader((path for path in paths if path in fields), org_facts.describe)
    ended = "ClosedDate" if org_facts.describe.field_at("ClosedDate") else "LastModifiedDate"
    query = select(fields, "Case", f"IsClosed = false OR {ended} >= {instant(since)}")
    cases, _ = client.in_full(query, reader.cases, partial(progress, READING))
    judged = (needs_of(policy, route) for policy, route in routes if (policy.name, route.name) not in broken)
    needs = frozenset[Need]().union(*judged, *(one.needs for policy in policies for one in policy.hold_while))
    facts = Facts(org_facts.describe, org_facts.tracked, org_facts.caller.now, us)
    found = complete(client, cases, frozenset(needs_then(needs, paths, facts)), facts)
    return PastCases(found, frozenset(closed_statuses(statuses)), broken)


def refused(error: OrgUnavailable) -> OrgUnavailable:
    """Without the history of cases there is nothing to compare with."""
    if not isinstance(error, Rejected):
        return error
    return OrgUnavailable(
        "the org does not let us read CaseHistory, so nobody can say what its rules did: "
        f"{error.message}; the user needs to read cases, and their fields need Field History Tracking"
    )


def needs_then(needs: frozenset[Need], paths: frozenset[str], facts: Facts) -> Iterator[Need]:
    """The needs of the routes as they can be met for the past. The org answers a raw fragment for the present only."""
    yield from (one for one in needs if not isinstance(one, Answered))
    yield from HISTORY
    tracked = {name.lower() for name in facts.tracked or ()}
    asked = {name.lower() for name in CHANGED}
    yield from (FieldChanges(path) for path in paths if path.lower() in tracked - asked)
    if MILESTONES in needs and has_completion(facts.describe):
        yield COMPLETED_AT


def has_completion(describe: Describe) -> bool:
    child = describe.child(MILESTONES.relation)
    return child is not None and describe.field_at("CompletionDate", child.sobject) is not None


def closed_statuses(answer: list[Record] | OrgUnavailable) -> Iterator[str]:
    """The names of the statuses of closed cases; none where the org does not list them."""
    if isinstance(answer, Rejected):
        return
    if isinstance(answer, OrgUnavailable):
        raise answer
    for names, closed in read(status_of, answer):
        yield from (fold(name) for name in names if name and closed)


def status_of(record: Record) -> tuple[tuple[str | None, str | None], bool]:
    names = given(record, "ApiName", text), given(record, "MasterLabel", text)
    return names, given(record, "IsClosed", flag) is True
