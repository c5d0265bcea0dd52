"""What else an org says before the first run, by reading alone: rights, record types, query plans, automation.

A question that the user may not ask is answered by a remark, never by an error.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from sfdc_escalator.errors import OrgUnavailable
from sfdc_escalator.escalation.comparison import fold
from sfdc_escalator.escalation.fitness import values
from sfdc_escalator.escalation.org import Survey
from sfdc_escalator.escalation.policy import Policy, Route
from sfdc_escalator.salesforce.bounds import route_is_scan
from sfdc_escalator.salesforce.client import Client, query_path
from sfdc_escalator.salesforce.demands import Lack
from sfdc_escalator.salesforce.describe import standard_describe
from sfdc_escalator.salesforce.poll import statements
from sfdc_escalator.salesforce.records import pick
from sfdc_escalator.salesforce.soql import quote, select
from sfdc_escalator.salesforce.survey import describe_path

OPEN_TO_ALL = frozenset({"ReadWrite", "ReadWriteTransfer", "FullAccess"})
OPEN_ESCALATIONS = 1  # call of a run that looks after those that are not settled or over
LARGE = 100_000  # cases from which on a query without an index is slow, or refused
MOST_NAMED = 10
SHARING = "SELECT InternalSharingModel FROM EntityDefinition WHERE QualifiedApiName = 'Case'"
ASSIGNMENT = "SELECT Name FROM AssignmentRule WHERE SobjectType = 'Case' AND Active = true"
FLOWS = (
    "SELECT ApiName, TriggerType FROM FlowDefinitionView WHERE IsActive = true AND TriggerObjectOrEventLabel = 'Case' "
    "AND TriggerType IN ('RecordBeforeSave', 'RecordAfterSave')"
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


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was read. None = it could not be read. `picklists` by record type, then by field, folded."""

    may_comment: bool
    may_post: bool
    sharing: str | None
    modifies_all: bool
    picklists: Mapping[str, Mapping[str, frozenset[str]]]
    assignment_rules: tuple[str, ...] | None
    validation_rules: tuple[str, ...] | None
    flows: tuple[str, ...] | None
    plans: tuple[QueryPlan | None, ...]
    refused: Mapping[str, str] = field(default_factory=dict)
    calls_per_run: int = 0


def inspect(client: Client, survey: Survey, policies: Sequence[Policy]) -> Inspection:
    """Comes after the survey, whose calls are counted as those of any run."""
    surveyed = client.session.api_calls
    kinds = ("CaseComment", "FeedItem")
    asked = (*map(describe_path, kinds), *map(query_path, (SHARING, modify_all(survey), ASSIGNMENT, FLOWS)))
    comment, post, sharing, all_rights, assignment, flows = client.try_get(*asked)
    queries = statements(survey, policies)
    ones = [query_path(one.removesuffix("ORDER BY Id") + "LIMIT 1") for one in queries]
    answers = client.try_get(*ones) if ones else []
    refused = {query: answer.message for query, answer in zip(queries, answers, strict=True) if is_error(answer)}
    return Inspection(
        may_comment=not isinstance(comment, dict) or comment.get("createable") is not False,
        may_post=isinstance(post, dict) and post.get("createable") is not False,
        sharing=next(iter(texts(sharing, "InternalSharingModel") or ()), None),
        modifies_all=bool(texts(all_rights, "ParentId")),
        picklists=record_types(client),
        assignment_rules=texts(assignment, "Name"),
        validation_rules=texts(client.try_read("tooling/query", {"q": VALIDATION}), "ValidationName"),
        flows=texts(flows, "ApiName"),
        plans=tuple(map(partial(plan_of, client), queries)),
        refused=refused,
        calls_per_run=surveyed + len(queries) + second_looks(policies) + OPEN_ESCALATIONS,
    )


def is_error(answer: Any) -> bool:
    return isinstance(answer, OrgUnavailable)


def modify_all(survey: Survey) -> str:
    assigned = select(["PermissionSetId"], "PermissionSetAssignment", f"AssigneeId = {quote(survey.caller.user_id)}")
    where = f"SobjectType = 'Case' AND PermissionsModifyAllRecords = true AND ParentId IN ({assigned})"
    return select(["ParentId"], "ObjectPermissions", where)


def texts(answer: Any, name: str) -> tuple[str, ...] | None:
    """This field of each record; None where the org did not answer."""
    records = answer.get("records") if isinstance(answer, dict) else None
    return None if not isinstance(records, list) else tuple(str(pick(one, name)) for one in records)


def record_types(client: Client) -> dict[str, Mapping[str, frozenset[str]]]:
    """What each record type offers (REST guide, sObject Layouts)."""
    answer = client.try_read("sobjects/Case/describe/layouts", {})
    mappings = answer.get("recordTypeMappings") if isinstance(answer, dict) else None
    return {str(one.get("name")): dict(offered(one)) for one in mappings or () if one.get("available")}


def offered(mapping: Mapping[str, Any]) -> Iterator[tuple[str, frozenset[str]]]:
    for one in mapping.get("picklistsForRecordType") or ():
        active = (value.get("value") for value in one.get("picklistValues") or () if value.get("active", True))
        yield str(one.get("picklistName")), frozenset(fold(str(value)) for value in active)


def plan_of(client: Client, query: str) -> QueryPlan | None:
    answer = client.try_read("query", {"explain": query})
    plans = answer.get("plans") if isinstance(answer, dict) else None
    if not isinstance(plans, list) or not plans:
        return None
    best = plans[0]
    return QueryPlan(
        str(best.get("leadingOperationType")),
        float(best.get("relativeCost") or 0),
        int(best.get("cardinality") or 0),
        int(best.get("sobjectCardinality") or 0),
    )


def second_looks(policies: Sequence[Policy]) -> int:
    """Calls for what a query of cases cannot tell, where a policy asks for such things and a case may match."""
    return any(not isinstance(one, str) for policy in policies for one in policy.reads())


def lacks(policy: Policy, survey: Survey, seen: Inspection) -> Iterator[Lack]:
    """What the policy demands and these answers deny."""
    yield from rights(policy, survey, seen)
    yield from lost_rights(policy, survey, seen)
    yield from types_without(policy, seen)
    for route in policy.routes:
        if not route.scan and is_scan_here(policy, route, survey):
            message = f"route {route.name} reads every open case: this org can filter by no field in its `when`"
            yield Lack(route.name, ("name",), message, None, "warning")


def is_scan_here(policy: Policy, route: Route, survey: Survey) -> bool:
    """What is a scan in any org is told without one."""
    return route_is_scan(policy, route, survey.describe) and not route_is_scan(policy, route, standard_describe())


def rights(policy: Policy, survey: Survey, seen: Inspection) -> Iterator[Lack]:
    steps = [route.escalate for route in policy.routes if route.escalate]
    wanted = {
        "OwnerId": any(one.teams for one in steps),
        "Status": any(one.status is not None for one in steps),
        "Priority": any(one.priorities for one in steps),
    }
    for path, is_wanted in wanted.items():
        info = survey.describe.field_at(path)
        if is_wanted and info and not info.updateable:
            message = f"this user may not edit Case.{path}: give it edit access to the field in a permission set"
            yield Lack(policy.name, ("policy",), message, None)
    if any(one.note.also_on for one in steps) and not seen.may_post:
        message = "this user may not post in feeds, which `also_on` does: Chatter is off, or its permission is missing"
        yield Lack("Account", ("also_on",), message, None)
    if steps and not seen.may_comment:
        message = "this user may not create case comments, which hold the notes: give it Edit on Case"
        yield Lack(policy.name, ("policy",), message, None)


def lost_rights(policy: Policy, survey: Survey, seen: Inspection) -> Iterator[Lack]:
    """Cases that are not open to all may be out of our hands once they are in the queue."""
    if seen.sharing is None or seen.sharing in OPEN_TO_ALL or seen.modifies_all:
        return
    for route in policy.routes:
        steps = route.escalate
        if steps is None or policy.together or not (steps.status is not None or steps.priorities):
            continue
        for team in steps.teams:
            queue = survey.queues.get(team.queue)
            if queue and survey.caller.user_id not in queue.members:
                message = (
                    f"after the move to {team.queue} this user may no longer edit the case (Case is {seen.sharing}, "
                    "the user no member of the queue): add it to the queue, give it Modify All on Case, or say "
                    "`fields: together`"
                )
                yield Lack(team.queue, ("queue",), message, None, "warning")


def types_without(policy: Policy, seen: Inspection) -> Iterator[Lack]:
    """Values that some record type does not offer."""
    said = {(path, value) for route in policy.routes for path, value in values(route)}
    for path, value in sorted(said):
        without = [name for name, lists in seen.picklists.items() if path in lists and fold(value) not in lists[path]]
        if without:
            message = f"{path} {value!r} is not offered by the record type{named(without)}: cases of it may be rejected"
            yield Lack(value, (path.lower(),), message, None, "warning")


def named(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MOST_NAMED]) + (", ..." if len(names) > MOST_NAMED else "")
    return f" {shown}" if len(names) == 1 else f"s {shown}"


def unselective(seen: Inspection) -> Iterator[str]:
    """Polls that the org would answer slowly."""
    for plan in seen.plans:
        if plan and plan.cost > 1 and plan.cases >= LARGE:
            yield (
                f"the poll is not selective in this org ({plan.operation} over {plan.cases:,} cases, relative cost "
                f"{plan.cost:g}): filter by an indexed field such as CreatedDate, or ask Salesforce for an index"
            )


def remarks(seen: Inspection, survey: Survey, runs_a_day: int = 144) -> Iterator[str]:
    """What is worth knowing and wrong with nothing."""
    left = "" if survey.api_left is None else f" ({survey.api_left:,} are left of this day's)"
    yield (
        f"A run that finds nothing costs about {seen.calls_per_run} API calls, each 200 cases escalated 3 more. "
        f"Every ten minutes that is {seen.calls_per_run * runs_a_day:,} a day{left}."
    )
    for plan in filter(None, seen.plans):
        cost = f"relative cost {plan.cost:g}"
        yield f"The poll: {plan.operation}, about {plan.returned:,} of {plan.cases:,} cases, {cost}."
    if seen.plans and not any(seen.plans):
        yield "The org does not tell how it would run the poll."
    yield from automation("assignment rule", seen.assignment_rules, "switched off in our writes (Sforce-Auto-Assign)")
    yield from automation("validation rule", seen.validation_rules, "one that refuses a step makes the case `rejected`")
    yield from automation("record-triggered flow", seen.flows, "a run reads back what they changed and says `bounced`")
    if seen.sharing is None:
        yield "The sharing model of Case cannot be read: the user may lose its edit right with the queue move."


def automation(what: str, names: Iterable[str] | None, then: str) -> Iterator[str]:
    if names is None:
        yield f"Active {what}s on Case cannot be read by this user."
    elif listed := list(names):
        yield f"Active {what}{named(listed)} on Case: {then}."
