"""Asks an org for what matters before the first run, by reading alone: rights, record types, plans, automation.

A question that the user may not ask is answered by None, never by an error.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from sfdc_escalator.errors import LoginRefused, OrgUnavailable
from sfdc_escalator.escalation.conditions.comparison import fold
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.readiness.fitness import missing_kinds
from sfdc_escalator.escalation.readiness.inspection import OrgInspection, QueryPlan, Sample, Telling
from sfdc_escalator.escalation.readiness.requirements import steps_of
from sfdc_escalator.escalation.readiness.rights import queues_mailed, ring
from sfdc_escalator.escalation.world.case import long_id
from sfdc_escalator.escalation.world.org import OrgFacts
from sfdc_escalator.salesforce.line.client import Client
from sfdc_escalator.salesforce.line.composite import query_path
from sfdc_escalator.salesforce.line.failures import Rejected
from sfdc_escalator.salesforce.line.shapes import ODD, objects
from sfdc_escalator.salesforce.polling.poll import refused_alone, refused_fragments, statements
from sfdc_escalator.salesforce.readiness.known_names import known_names, questions
from sfdc_escalator.salesforce.readiness.poll_cost import scans_here
from sfdc_escalator.salesforce.reading.org_facts import describe_path
from sfdc_escalator.salesforce.reading.records import read
from sfdc_escalator.salesforce.schema.values import flag, given, needed, pick, record_id, text
from sfdc_escalator.salesforce.soql.soql import ids, quote, select
from sfdc_escalator.salesforce.writing.answer import REFUSED_QUERY
from sfdc_escalator.salesforce.writing.write import guard_query

OPEN_ESCALATIONS = 1  # call of a run that looks after those that are not settled or over
COMMENT, POST, CASE = map(describe_path, ("CaseComment", "FeedItem", "Case"))
MOST_TYPES = 20  # record types that are asked about, a call each
NO_CASE = long_id("500000000000000")
OPEN_CASE = select(["Id", "CaseNumber"], "Case", "IsClosed = false", "ORDER BY Id LIMIT 1")
SHARING = "SELECT InternalSharingModel FROM EntityDefinition WHERE QualifiedApiName = 'Case'"
ASSIGNMENT = "SELECT Name FROM AssignmentRule WHERE SobjectType = 'Case' AND Active = true"
FLOWS = (
    "SELECT ApiName, TriggerType FROM FlowDefinitionView WHERE IsActive = true "
    "AND TriggerObjectOrEvent.QualifiedApiName = 'Case' AND TriggerType IN ('RecordBeforeSave', 'RecordAfterSave')"
)
WINTER_21 = "2020-11-01T00:00:00Z"
"""An org that was made since asks for the right to send notifications; the release was in October 2020."""
SENDS = "PermissionSet.PermissionsSendCustomNotifications = true"
BELL_TYPES = "SELECT DeveloperName FROM CustomNotificationType"
VALIDATION = (
    "SELECT ValidationName, ErrorMessage FROM ValidationRule WHERE Active = true "
    "AND EntityDefinition.QualifiedApiName = 'Case'"
)


def inspect(client: Client, org_facts: OrgFacts, policies: Sequence[Policy]) -> OrgInspection:
    """Follows the question for the org's facts, whose calls are counted as those of any run."""
    fragments = refused_fragments(client, [(policy, route) for policy in policies for route in policy.routes])
    calls = client.session.api_calls
    polls = statements(org_facts, policies, fragments)
    samples = sample_queries(org_facts, policies)
    me, modify_all, guard = user_query(org_facts), modify_all_query(org_facts), guard_of(org_facts)
    queries = [OPEN_CASE, me, guard, SHARING, modify_all, ASSIGNMENT, FLOWS, *samples.values(), *map(one_of, polls)]
    telling = telling_queries(org_facts, policies)
    found = answers(client, [*queries, *questions(missing_kinds(policies, org_facts)), *telling.values()])
    if isinstance(found[OPEN_CASE], OrgUnavailable):
        raise found[OPEN_CASE]
    refusal = next((answer for one in polls if isinstance(answer := found[one_of(one)], Rejected)), None)
    alone = {} if refusal is None else refused_alone(client, org_facts, policies, fragments)
    return OrgInspection(
        username=first(found[me], "Username") or org_facts.caller.user_id,
        open_case=case_of(found[OPEN_CASE]),
        guard_refusal=guard_refusal(found[guard]),
        may_comment=value_of(found[COMMENT], "createable") is not False,
        may_post=value_of(found[POST], "createable") not in (None, False),
        may_delete=value_of(found[CASE], "deletable") is not False,
        sharing=first(found[SHARING], "InternalSharingModel"),
        modifies_all=bool(texts(found[modify_all], "ParentId")),
        samples=dict(sampled({queue: found[query] for queue, query in samples.items()})),
        picklists=dict(record_types(client, found[CASE])),
        assignment_rules=texts(found[ASSIGNMENT], "Name"),
        validation_rules=texts(optional(client, "tooling/query", q=VALIDATION), "ValidationName"),
        flows=texts(found[FLOWS], "ApiName"),
        plans=tuple(map(partial(plan_of, client), polls)),
        refused={**fragments, **alone},
        scans=scans_here(policies, org_facts.describe),
        poll_refusal=None if refusal is None or alone else refusal.message,
        known_names=known_names(found),
        telling=telling_of(client, {name: found[query] for name, query in telling.items()}),
        calls_per_run=calls + len(polls) + second_looks(policies) + OPEN_ESCALATIONS,
    )


def answers(client: Client, queries: Sequence[str]) -> dict[str, Any]:
    """Of the descriptions and the queries, in as few calls as possible."""
    paths = (COMMENT, POST, CASE)
    return dict(zip((*paths, *queries), client.try_get(*paths, *map(query_path, queries)), strict=True))


def optional(client: Client, path: str, **parameters: str) -> Any:
    """The answer to a question that an org may leave open: None where it does."""
    try:
        return client.try_read(path, parameters)
    except LoginRefused:
        raise
    except OrgUnavailable:
        return None


def one_of(poll: str) -> str:
    return poll.removesuffix("ORDER BY Id") + "LIMIT 1"


def value_of(answer: Any, name: str) -> Any:
    return answer.get(name) if isinstance(answer, dict) else None


def user_query(org_facts: OrgFacts) -> str:
    return select(["Username"], "User", f"Id IN {ids([org_facts.caller.user_id])}")


def guard_of(org_facts: OrgFacts) -> str:
    """The guard's query, for a case that does not exist."""
    return guard_query([NO_CASE], org_facts.caller.now, org_facts.caller.user_id, weak=False)


def guard_refusal(answer: Any) -> str | None:
    """The org's reason not to take the guard's clause about comments."""
    if isinstance(answer, Rejected) and answer.error_code in REFUSED_QUERY:
        return answer.message
    if isinstance(answer, OrgUnavailable):
        raise answer
    return None


def case_of(answer: Any) -> tuple[str, str] | None:
    """(id, number) of an open case, or None."""
    found = read(lambda record: (needed(record, "Id", record_id), needed(record, "CaseNumber", text)), rows(answer))
    return found[0] if found else None


def modify_all_query(org_facts: OrgFacts) -> str:
    assigned = select(["PermissionSetId"], "PermissionSetAssignment", f"AssigneeId = {quote(org_facts.caller.user_id)}")
    where = f"SobjectType = 'Case' AND PermissionsModifyAllRecords = true AND ParentId IN ({assigned})"
    return select(["ParentId"], "ObjectPermissions", where)


def sample_queries(org_facts: OrgFacts, policies: Sequence[Policy]) -> dict[str, str]:
    """For each queue that the policies move cases to: a case that it owns, and the user's rights on it."""
    steps = [one for policy in policies for route in policy.routes for one in steps_of(route)]
    wanted = sorted({team.queue for one in steps for team in one.teams if team.queue} & org_facts.queues.keys())
    fields = ["CaseNumber", "UserRecordAccess.HasEditAccess"]
    return {name: select(fields, "Case", f"OwnerId = {quote(org_facts.queues[name].id)}", "LIMIT 1") for name in wanted}


def sampled(found: Mapping[str, Any]) -> Iterator[tuple[str, Sample]]:
    for queue, answer in found.items():
        for record in rows(answer):
            editable = given(pick(record, "UserRecordAccess"), "HasEditAccess", flag)
            if editable is not None:
                yield queue, Sample(needed(record, "CaseNumber", text), editable)


def telling_queries(org_facts: OrgFacts, policies: Sequence[Policy]) -> dict[str, str]:
    """The questions about the ways of notices, as far as the policies use them."""
    queues = sorted(queues_mailed(policies))
    names = ", ".join(map(quote, queues))
    mails = select(["DeveloperName", "Email"], "Group", f"Type = 'Queue' AND DeveloperName IN ({names})")
    ours = f"AssigneeId = {quote(org_facts.caller.user_id)}"
    asked = {
        "types": BELL_TYPES,
        "right": select(["Id"], "PermissionSetAssignment", f"{ours} AND {SENDS}", "LIMIT 1"),
        "rights": select(["Id"], "PermissionSetAssignment", ours, "LIMIT 1"),
        "new": select(["Id"], "Organization", f"CreatedDate >= {WINTER_21}"),
    }
    return (asked if ring(policies) else {}) | ({"mails": mails} if queues else {})


def telling_of(client: Client, found: Mapping[str, Any]) -> Telling:
    """The facts about notices. A login for integrations only may see the types in the Tooling API alone. Who may not
    read assignments of permission sets gets no answer, or none of them (Object Reference, PermissionSetAssignment):
    every user has one, that of the profile, so who sees none does not see the right either."""
    types = texts(found.get("types"), "DeveloperName")
    if "types" in found and not types:
        types = texts(optional(client, "tooling/query", q=BELL_TYPES), "DeveloperName") or types
    right, rights = texts(found.get("right"), "Id"), texts(found.get("rights"), "Id")
    may_ring = True if right else False if right is not None and rights else None
    mails = {needed(one, "DeveloperName", text): given(one, "Email", text) or "" for one in rows(found.get("mails"))}
    return Telling(None if types is None else frozenset(types), may_ring, bool(texts(found.get("new"), "Id")), mails)


def rows(answer: Any) -> list[Mapping[str, Any]]:
    """The records of a first page; none where the org did not answer."""
    return list(given(answer, "records", objects) or ()) if isinstance(answer, dict) else []


def texts(answer: Any, name: str) -> tuple[str, ...] | None:
    """This field of each record; None where the org did not answer."""
    if value_of(answer, "records") is None:
        return None
    return tuple(needed(one, name, text) for one in rows(answer))


def first(answer: Any, name: str) -> str | None:
    return next(iter(texts(answer, name) or ()), None)


def record_types(client: Client, answer: Any) -> Iterator[tuple[str, Mapping[str, frozenset[str]]]]:
    """The values that each record type of the user offers (User Interface API). The master offers all of them."""
    infos = given(answer, "recordTypeInfos", objects) or () if isinstance(answer, dict) else ()
    mine = [one for one in infos if one.get("available") and one.get("active") is not False and not one.get("master")]
    for info in mine[:MOST_TYPES]:
        answer = optional(client, f"ui-api/object-info/Case/picklist-values/{info.get('recordTypeId')}")
        fields = value_of(answer, "picklistFieldValues")
        if not isinstance(fields, dict):
            return  # such an org does not answer for the other record types either
        yield needed(info, "name", text), {name: offered(one) for name, one in fields.items()}


def offered(field: Any) -> frozenset[str]:
    return frozenset(fold(needed(value, "value", text)) for value in given(field, "values", objects) or ())


def plan_of(client: Client, query: str) -> QueryPlan | None:
    """The cheapest plan, which comes first; None where the org gives none."""
    plans = value_of(optional(client, "query", explain=query), "plans")
    try:
        best = plans[0]
        cost, cases = float(best.get("relativeCost") or 0), int(best.get("sobjectCardinality") or 0)
        return QueryPlan(str(best.get("leadingOperationType")), cost, int(best.get("cardinality") or 0), cases)
    except ODD:
        return None


def second_looks(policies: Sequence[Policy]) -> int:
    """Calls for what a query of cases does not hold, where a policy needs it and a case may match."""
    return int(any(not isinstance(one, str) for policy in policies for one in policy.needs()))
