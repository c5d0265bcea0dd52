"""Values for tests: a case, a route, a policy, an org and a past, each with every default filled in."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.conditions.tree import All
from sfdc_escalator.escalation.decisions.decide import decide
from sfdc_escalator.escalation.decisions.draft import draft
from sfdc_escalator.escalation.decisions.match import Match, NoMatch
from sfdc_escalator.escalation.decisions.order import Order
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.policy.escalate import Escalate, NotePart, NoteSpec, Template
from sfdc_escalator.escalation.policy.policy import Guards, Policy, Route
from sfdc_escalator.escalation.policy.steps import StepValue
from sfdc_escalator.escalation.policy.team import Team
from sfdc_escalator.escalation.readiness.fitness import fitness
from sfdc_escalator.escalation.world.case import Case, Comment, FieldValues, Speaker, Value
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.keys import Identity
from sfdc_escalator.escalation.world.org import Caller, Describe, FieldInfo, OrgFacts, Queue

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
SCENE = Circumstances(NOW)
PRIORITIES = ("Low", "Medium", "High", "Urgent")
EVERY_CASE: Condition = All(())


def numbered(prefix: str, number: int) -> str:
    """A record id of 18 characters; digits alone have the checksum AAA."""
    return f"{prefix}{number:012d}AAA"


ORG = numbered("00D", 1)
ME = numbered("005", 1)
AGENT = numbered("005", 2)
SUPPORT = Queue(numbered("00G", 1), "Support", frozenset({numbered("005", 7)}))
BILLING = Queue(numbered("00G", 2), "Billing")


def case(
    number: int = 1,
    fields: Mapping[str, Value] | None = None,
    *,
    owner: str = AGENT,
    status: str | None = "New",
    priority: str | None = "Medium",
    created: datetime = NOW - timedelta(days=1),
    account: str | None = None,
    parent: str | None = None,
    comments: Sequence[Comment] = (),
) -> Case:
    values: dict[str, Value] = {"IsClosed": False, "Status": status, "Priority": priority, "OwnerId": owner}
    return Case(
        id=numbered("500", number),
        number=f"{number:08d}",
        owner_id=owner,
        status=status,
        priority=priority,
        created=created,
        account_id=account,
        parent_id=parent,
        fields=values | {"Subject": "It broke", "CreatedDate": created} | dict(fields or {}),
        comments=tuple(comments),
        subject=str((fields or {}).get("Subject", "It broke")),
    )


def values(owner: str, status: str | None, priority: str | None) -> FieldValues:
    """The fields of a case that steps write."""
    return {"OwnerId": owner, "Status": status, "Priority": priority}


def comment(body: str, *, speaker: Speaker = "agent", minutes_ago: int = 60, author: str = AGENT) -> Comment:
    return Comment(author, NOW - timedelta(minutes=minutes_ago), body, speaker)


def email(body: str, *, speaker: Speaker = "customer", minutes_ago: int = 60) -> Comment:
    return Comment(AGENT, NOW - timedelta(minutes=minutes_ago), body, speaker, "emails")


def plain_template(context: Mapping[str, Any]) -> str:
    """The parts one after the other, as a hand-off note has them."""
    parts = "\n\n".join(f"{part.title}:\n{part.text}" for part in context["parts"])
    return f"ESCALATION {context['policy']['name']}/{context['route']['name']}\n\n{parts}\n"


Rendered = Callable[[Mapping[str, Any]], str]
RENDERED: dict[str, Rendered] = {}


def template_of(rendered: Rendered) -> Template:
    """A template that this function renders."""
    name = f"{len(RENDERED)}-{rendered.__name__}"
    RENDERED[name] = rendered
    return Template(name, "")


def render(template: Template, context: Mapping[str, Any]) -> str:
    """Renders the templates of tests."""
    return RENDERED[template.name](context)


PLAIN = template_of(plain_template)
REASON = NotePart("reason", ("route.reason",))


def note(
    *parts: NotePart,
    template: Template | Rendered = PLAIN,
    visibility: Literal["internal", "published"] = "internal",
    paths: Iterable[str] = (),
    **texts: str,
) -> NoteSpec:
    made = template if isinstance(template, Template) else template_of(template)
    return NoteSpec(made, parts or (REASON,), texts, visibility, frozenset(paths))


def route(
    name: str = "urgent",
    when: Condition = EVERY_CASE,
    *,
    queue: str | Table[Team] | None = "Support",
    status: str | None = None,
    priority: str | Table[str] | None = None,
    note_spec: NoteSpec | None = None,
    formerly: Sequence[str] = (),
    bypass_guards: bool = False,
    rearm: timedelta | Literal["new_record"] | None = None,
) -> Route:
    team = Team(queue.lower(), queue) if isinstance(queue, str) else queue
    said: dict[str, StepValue | None] = {"queue": team, "status": status, "priority": priority}
    steps = {key: value for key, value in said.items() if value is not None}
    escalate = Escalate(note_spec or note(), steps)
    return Route(name, f"Because of {name}.", when, escalate, tuple(formerly), bypass_guards=bypass_guards, rearm=rearm)


def policy(
    *routes: Route,
    name: str = "support",
    scope: Sequence[Condition] = (),
    guards: Guards | None = None,
    together: bool = False,
    priorities: Sequence[str] = PRIORITIES,
) -> Policy:
    return Policy(
        name=name,
        description="",
        file=f"{name}.yaml",
        digest=f"digest of {name}",
        scope=tuple(scope),
        priorities=tuple(priorities),
        routes=routes or (route(),),
        guards=guards or Guards(),
        together=together,
    )


def caller(now: datetime = NOW) -> Caller:
    return Caller("https://acme.my.salesforce.com", ORG, ME, now)


def org_facts(
    *, open_cases: int = 10_000, api_left: int | None = 10_000, queues: Sequence[Queue] = (SUPPORT, BILLING)
) -> OrgFacts:
    statuses = FieldInfo("Status", "picklist", values=("New", "Escalated", "Closed"))
    priorities = FieldInfo("Priority", "picklist", values=PRIORITIES, restricted=True)
    describe = Describe({"Case": {"Status": statuses, "Priority": priorities}})
    by_name = {queue.name: queue for queue in queues}
    return OrgFacts(caller(), "Acme", False, by_name, open_cases, describe, api_left)


def identity(of: Case, route_name: str = "urgent", policy_name: str = "support") -> Identity:
    return Identity(ORG, policy_name, route_name, of.id)


def escalation(
    of: Case,
    state: EscalationState = EscalationState.APPLIED,
    route_name: str = "urgent",
    *,
    policy_name: str = "support",
    before: FieldValues | None = None,
    wrote: FieldValues | None = None,
    attempts: int = 0,
    tried_at: datetime | None = None,
    message: str = "",
    ended_at: datetime | None = None,
) -> Escalation:
    return Escalation(
        identity(of, route_name, policy_name).key,
        policy_name,
        route_name,
        of.id,
        state,
        before=before,
        wrote=wrote,
        attempts=attempts,
        tried_at=tried_at,
        message=message,
        ended_at=ended_at,
    )


def remembering(*escalations: Escalation, live: Iterable[str] = (), policy_name: str = "support") -> History:
    """The history of a ledger with these escalations, in which these routes have run live."""
    return History.of(escalations, [(policy_name, name) for name in live])


def in_org(
    of: Policy, history: History | None = None, *, org: OrgFacts | None = None, now: datetime = NOW
) -> PolicyInOrg:
    org = org or org_facts()
    return PolicyInOrg(of, org, history or remembering(), now, {}, fitness(of, org).unfit)


def judged(of: PolicyInOrg, one: Case) -> Match | NoMatch:
    """The judgement about a case; a match that is planned has its order."""
    found = decide(of, one)
    return draft(of, found, render) if isinstance(found, Match) else found


def decided(of: Policy, *cases: Case, history: History | None = None) -> list[Match]:
    """The matches of these cases; every one of them must match."""
    verdicts = [judged(in_org(of, history), one) for one in cases]
    assert not any(isinstance(one, NoMatch) for one in verdicts)
    return [one for one in verdicts if isinstance(one, Match)]


def planned(number: int, of: Policy | None = None, **values: Any) -> Order:
    """The order to escalate a case with this number."""
    [match] = decided(of or policy(), case(number, **values))
    assert match.state is State.PLANNED
    assert match.order is not None
    return match.order


def condition_on(path: str, value: str | bool) -> Field:
    return Field(path, "is", value)
