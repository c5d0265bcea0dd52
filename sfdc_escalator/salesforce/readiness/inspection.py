"""What else an org says before the first run, by reading alone: rights, record types, query plans, automation.

A question that the user may not ask is answered by None, never by an error.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from sfdc_escalator.errors import LoginRefused, OrgUnavailable
from sfdc_escalator.escalation.conditions.comparison import fold
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.world.case import long_id
from sfdc_escalator.escalation.world.keys import RouteName
from sfdc_escalator.escalation.world.org import OrgFacts
from sfdc_escalator.salesforce.line.client import Client, query_path
from sfdc_escalator.salesforce.line.failures import Rejected
from sfdc_escalator.salesforce.readiness import known_names
from sfdc_escalator.salesforce.readiness.known_names import KnownNames
from sfdc_escalator.salesforce.reading.org_facts import describe_path
from sfdc_escalator.salesforce.reading.poll import refused_alone, refused_fragments, statements
from sfdc_escalator.salesforce.reading.records import pick, read
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
VALIDATION = (
    "SELECT ValidationName, ErrorMessage FROM ValidationRule WHERE Active = true "
    "AND EntityDefinition.QualifiedApiName = 'Case'"
)


class QueryPlan(NamedTuple):
    """How the org would run a query of the poll; above a cost of 1 it is not selective (REST guide, `explain`)."""

    operation: str
    cost: float
    returned: int
    cases: int


class Sample(NamedTuple):
    """A case that a queue owns already, and whether this user may edit it there."""

    number: str
    editable: bool


@dataclass(frozen=True, slots=True)
class OrgInspection:
    """What was read. None = it could not be read. `picklists` by record type, then by field, folded.

    `weak` is why the org does not take the guard's clause; `samples` by queue. `refused`: the routes
    that the org does not take, with its words; `refused_poll`: it takes each of them alone.
    """

    username: str
    open_case: tuple[str, str] | None
    weak: str | None
    may_comment: bool
    may_post: bool
    may_delete: bool
    sharing: str | None
    modifies_all: bool
    samples: Mapping[str, Sample]
    picklists: Mapping[str, Mapping[str, frozenset[str]]]
    assignment_rules: tuple[str, ...] | None
    validation_rules: tuple[str, ...] | None
    flows: tuple[str, ...] | None
    plans: tuple[QueryPlan | None, ...]
    refused: Mapping[RouteName, str] = field(default_factory=dict)
    refused_poll: str | None = None
    nearby: KnownNames = field(default_factory=KnownNames)
    calls_per_run: int = 0


def inspect(client: Client, org_facts: OrgFacts, policies: Sequence[Policy]) -> OrgInspection:
    """Comes after the survey, whose calls are counted as those of any run."""
    fragments = refused_fragments(client, [(policy, route) for policy in policies for route in policy.routes])
    surveyed = client.session.api_calls
    polls = statements(org_facts, policies, fragments)
    samples = sample_queries(org_facts, policies)
    me, rights, guard = user_query(org_facts), modify_all_query(org_facts), guard_of(org_facts)
    queries = [OPEN_CASE, me, guard, SHARING, rights, ASSIGNMENT, FLOWS, *samples.values(), *map(one_of, polls)]
    told = answers(client, [*queries, *known_names.questions(policies, org_facts)])
    if isinstance(told[OPEN_CASE], OrgUnavailable):
        raise told[OPEN_CASE]
    unasked = next((why for one in polls if isinstance(why := told[one_of(one)], Rejected)), None)
    alone = {} if unasked is None else refused_alone(client, org_facts, policies, fragments)
    return OrgInspection(
        username=first(told[me], "Username") or org_facts.caller.user_id,
        open_case=case_of(told[OPEN_CASE]),
        weak=weakness(told[guard]),
        may_comment=said(told[COMMENT], "createable") is not False,
        may_post=said(told[POST], "createable") not in (None, False),
        may_delete=said(told[CASE], "deletable") is not False,
        sharing=first(told[SHARING], "InternalSharingModel"),
        modifies_all=bool(texts(told[rights], "ParentId")),
        samples=dict(sampled({queue: told[query] for queue, query in samples.items()})),
        picklists=dict(record_types(client, said(told[CASE], "recordTypeInfos") or ())),
        assignment_rules=texts(told[ASSIGNMENT], "Name"),
        validation_rules=texts(optional(client, "tooling/query", q=VALIDATION), "ValidationName"),
        flows=texts(told[FLOWS], "ApiName"),
        plans=tuple(map(partial(plan_of, client), polls)),
        refused={**fragments, **alone},
        refused_poll=None if unasked is None or alone else unasked.message,
        nearby=known_names.answered(told),
        calls_per_run=surveyed + len(polls) + second_looks(policies) + OPEN_ESCALATIONS,
    )


def answers(client: Client, queries: Sequence[str]) -> dict[str, Any]:
    """Of the queries and the descriptions, as few calls as it takes."""
    paths = (COMMENT, POST, CASE)
    return dict(zip((*paths, *queries), client.try_get(*paths, *map(query_path, queries)), strict=True))


def optional(client: Client, path: str, **parameters: str) -> Any:
    """What an org answers that need not answer: None where it does not."""
    try:
        return client.try_read(path, parameters)
    except LoginRefused:
        raise
    except OrgUnavailable:
        return None


def one_of(poll: str) -> str:
    return poll.removesuffix("ORDER BY Id") + "LIMIT 1"


def said(answer: Any, name: str) -> Any:
    return answer.get(name) if isinstance(answer, dict) else None


def user_query(org_facts: OrgFacts) -> str:
    return select(["Username"], "User", f"Id IN {ids([org_facts.caller.user_id])}")


def guard_of(org_facts: OrgFacts) -> str:
    """The guard's query, of no case."""
    return guard_query([NO_CASE], org_facts.caller.now, org_facts.caller.user_id, weak=False)


def weakness(answer: Any) -> str | None:
    """Why the org does not take the guard's clause about comments."""
    if isinstance(answer, Rejected) and answer.error_code in REFUSED_QUERY:
        return answer.message
    if isinstance(answer, OrgUnavailable):
        raise answer
    return None


def case_of(answer: Any) -> tuple[str, str] | None:
    """(id, number) of an open case, or None."""
    found = read(lambda record: (long_id(pick(record, "Id")), str(pick(record, "CaseNumber"))), rows(answer))
    return found[0] if found else None


def modify_all_query(org_facts: OrgFacts) -> str:
    assigned = select(["PermissionSetId"], "PermissionSetAssignment", f"AssigneeId = {quote(org_facts.caller.user_id)}")
    where = f"SobjectType = 'Case' AND PermissionsModifyAllRecords = true AND ParentId IN ({assigned})"
    return select(["ParentId"], "ObjectPermissions", where)


def sample_queries(org_facts: OrgFacts, policies: Sequence[Policy]) -> dict[str, str]:
    """For each queue that the policies move cases to: one case that it owns, and the user's rights on that."""
    steps = [route.escalate for policy in policies for route in policy.routes if route.escalate]
    wanted = sorted({team.queue for one in steps for team in one.teams} & org_facts.queues.keys())
    fields = ["CaseNumber", "UserRecordAccess.HasEditAccess"]
    return {name: select(fields, "Case", f"OwnerId = {quote(org_facts.queues[name].id)}", "LIMIT 1") for name in wanted}


def sampled(found: Mapping[str, Any]) -> Iterator[tuple[str, Sample]]:
    for queue, answer in found.items():
        for record in rows(answer):
            editable = pick(pick(record, "UserRecordAccess"), "HasEditAccess")
            if isinstance(editable, bool):
                yield queue, Sample(str(pick(record, "CaseNumber")), editable)


def rows(answer: Any) -> list[Mapping[str, Any]]:
    """The records of a first page; none where the org did not answer."""
    records = said(answer, "records")
    return list(records) if isinstance(records, list) else []


def texts(answer: Any, name: str) -> tuple[str, ...] | None:
    """This field of each record; None where the org did not answer."""
    if not isinstance(said(answer, "records"), list):
        return None
    return tuple(str(pick(one, name)) for one in rows(answer))


def first(answer: Any, name: str) -> str | None:
    return next(iter(texts(answer, name) or ()), None)


def record_types(
    client: Client, infos: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, Mapping[str, frozenset[str]]]]:
    """What each record type of the user offers (User Interface API, picklist values). The master offers everything."""
    mine = [one for one in infos if one.get("available") and one.get("active") is not False and not one.get("master")]
    for info in mine[:MOST_TYPES]:
        answer = optional(client, f"ui-api/object-info/Case/picklist-values/{info.get('recordTypeId')}")
        fields = said(answer, "picklistFieldValues")
        if not isinstance(fields, dict):
            return  # an org without it answers no other one either
        yield str(info.get("name")), {name: offered(one) for name, one in fields.items()}


def offered(field: Any) -> frozenset[str]:
    return frozenset(fold(str(pick(value, "value"))) for value in said(field, "values") or ())


def plan_of(client: Client, query: str) -> QueryPlan | None:
    """The cheapest plan comes first; None where the org tells none."""
    plans = said(optional(client, "query", explain=query), "plans")
    try:
        best = plans[0]
        cost, cases = float(best.get("relativeCost") or 0), int(best.get("sobjectCardinality") or 0)
        return QueryPlan(str(best.get("leadingOperationType")), cost, int(best.get("cardinality") or 0), cases)
    except (TypeError, LookupError, AttributeError, ValueError):
        return None


def second_looks(policies: Sequence[Policy]) -> int:
    """Calls for what a query of cases cannot tell, where a policy asks for such things and a case may match."""
    return int(any(not isinstance(one, str) for policy in policies for one in policy.needs()))
