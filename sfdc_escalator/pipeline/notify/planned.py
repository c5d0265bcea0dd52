"""The notices of a run: who is notified of what, from the plan and from what was read. Reads only."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sfdc_escalator.escalation.decisions.match import Match
from sfdc_escalator.escalation.decisions.on_ladder import OnLadder
from sfdc_escalator.escalation.note.note import Renderer, reason_of
from sfdc_escalator.escalation.notices.notice import Notice, Subject
from sfdc_escalator.escalation.notices.people import People
from sfdc_escalator.escalation.notices.recipients import Known, ids_wanted
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.policy.telling import Notify, Recipient
from sfdc_escalator.escalation.telling.notices import (
    Desk,
    is_notified,
    may_lack_parts,
    notices_of,
    subject_of_start,
)
from sfdc_escalator.escalation.telling.saying import Occasion
from sfdc_escalator.escalation.time.durations import in_words
from sfdc_escalator.escalation.time.zones import clock_text
from sfdc_escalator.escalation.world.history import Escalation
from sfdc_escalator.escalation.world.keys import Identity
from sfdc_escalator.escalation.world.ladder_facts import Acknowledged
from sfdc_escalator.pipeline.exhausted import not_recorded
from sfdc_escalator.pipeline.notify.warnings import coming
from sfdc_escalator.pipeline.ports.ledger import Lease
from sfdc_escalator.pipeline.ports.org import Org
from sfdc_escalator.pipeline.preparing.prepare import Prepared

MANAGERS = 4
"""The most managers up that a path of a policy names."""
OWNER = Recipient("person", "Owner")


ALONE = ("guard", "warn")
"""The kinds that belong to no change of an escalation."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, and who is notified of it."""

    subject: Subject
    occasion: Occasion
    wanted: Notify


def with_notices(org: Org, prepared: Prepared, render: Renderer) -> Prepared:
    """The same with the notices of its orders, and those of what happened."""
    people = people_of(org, wanted_ids(prepared, list(events(prepared, People()))))
    happened = list(events(prepared, people))
    queues = {name: queue.id for name, queue in prepared.org_facts.queues.items()}
    caller = prepared.org_facts.caller
    desk = Desk(Known(people, queues), caller.instance_url, prepared.plan.now, render)
    matches = tuple(with_order_notices(match, desk) for match in prepared.plan.matches)
    found: dict[tuple[str, str], tuple[Notice, ...]] = {
        (one.subject.kind, one.subject.key): desk.notices(one.subject, one.occasion, one.wanted) for one in happened
    }
    return replace(prepared, plan=replace(prepared.plan, matches=matches), notices=found)


def with_order_notices(match: Match, desk: Desk) -> Match:
    if match.order is None or not (found := notices_of(match, desk)):
        return match
    return replace(match, order=replace(match.order, notices=found))


def queue_alone(prepared: Prepared, lease: Lease) -> None:
    """Queues the notices that belong to no change of an escalation."""
    found = [one for (kind, _), some in prepared.notices.items() if kind in ALONE for one in some]
    if found:
        lease.queue(found)


# -- people ------------------------------------------------------------------------------------------------------------


def wanted_ids(prepared: Prepared, happened: Iterable[Event]) -> frozenset[str]:
    """The ids of the users and queues that lead to a recipient."""
    found: set[str] = set()
    for match in prepared.plan.matches:
        if match.order is not None and is_notified(match):
            notify = match.rung.notify if match.rung else match.route.notify
            recipients = (*notify.now, *notify.digest, *([OWNER] if may_lack_parts(match) else ()))
            found.update(ids_wanted(match.policy, match.case, recipients, prepared.org_facts.queues))
    acts = (one.facts.acknowledged for one in newly_acknowledged(prepared))
    found.update(act.by for act in acts if act and act.by)
    for event in happened:
        about, recipients = event.occasion, (*event.wanted.now, *event.wanted.digest)
        found.update(ids_wanted(about.policy, about.case, recipients, prepared.org_facts.queues))
    return frozenset(found)


def people_of(org: Org, ids: frozenset[str]) -> People:
    """The people with these ids, and their managers, as far up as a policy may go."""
    people, wanted = People(), set(ids)
    for _ in range(MANAGERS):
        if not wanted:
            break
        found = org.people(sorted(wanted))
        people = People({**people.persons, **found.persons}, {**people.groups, **found.groups})
        managers = {one.manager_id for one in found.persons.values() if one.manager_id}
        wanted = managers - people.persons.keys()
    return people


# -- what happened -----------------------------------------------------------------------------------------------------


def events(prepared: Prepared, people: People) -> Iterator[Event]:
    yield from acknowledged(prepared, people)
    yield from closed(prepared)
    yield from exhausted(prepared)
    yield from withheld(prepared)
    yield from soon(prepared)


def acknowledged(prepared: Prepared, people: People) -> Iterator[Event]:
    """The escalations on which a person acted since the last run."""
    for one in newly_acknowledged(prepared):
        policy = policy_of(prepared, one.start)
        wanted = (*one.route.notify_when.acknowledged, *pagers(policy, one.route.recipients))
        more = (("Acknowledged", act_text(one.facts.acknowledged, people)),) if one.facts.acknowledged else ()
        subject = subject_of_start("acknowledged", one.start, one.route)
        yield Event(subject, occasion_on(prepared, one, more), Notify(wanted))


def newly_acknowledged(prepared: Prepared) -> Iterator[OnLadder]:
    news = {one.escalation.key for one in prepared.ladders.settled if one.event == "acknowledged"}
    return (one for one in prepared.ladders.open if one.start.key in news)


def act_text(act: Acknowledged, people: People) -> str:
    person = people.persons.get(act.by or "")
    by = f" by {person.name}" if person else ""
    return f"{act.how}{by}, {act.at:%Y-%m-%d %H:%M} UTC"


def closed(prepared: Prepared) -> Iterator[Event]:
    """The escalations whose case was closed since the last run."""
    for one in prepared.settled:
        start = one.escalation
        case = prepared.closed.get(start.case_id)
        policy = policy_of(prepared, start)
        if one.event == "closed" and case is not None and policy is not None:
            route = next((route for route in policy.routes if start.route in route.names), None)
            if route is not None:
                wanted = (*route.notify_when.closed, *pagers(policy, route.recipients))
                yield Event(subject_of_start("closed", start, route), Occasion(policy, route, case), Notify(wanted))


def exhausted(prepared: Prepared) -> Iterator[Event]:
    """The escalations of which no rung is left, for the team that is accountable for the policy."""
    for one in not_recorded(prepared):
        policy = policy_of(prepared, one.start)
        if policy is not None and policy.owner.accountable:
            wanted = Notify((Recipient("team", policy.owner.accountable),))
            subject = subject_of_start("exhausted", one.start, one.route)
            yield Event(subject, occasion_on(prepared, one), wanted)


def withheld(prepared: Prepared) -> Iterator[Event]:
    """The routes that are withheld now and were not in the run before, for the team that is accountable. The key names
    that run: this one, killed before its end, and the next are about the same."""
    since = f"{prepared.history.org_time:%Y-%m-%dT%H:%M:%SZ}" if prepared.history.org_time else "the first run"
    before = {(one.policy, one.route) for one in prepared.history.waitlist.entries if one.state == "withheld"}
    policies = {policy.name: policy for policy in prepared.plan.policies}
    for refusal in prepared.plan.refusals:
        policy, name = policies[refusal.policy], (refusal.policy, refusal.route)
        match = next((match for match in prepared.plan.matches if match.name == name), None)
        if policy.owner.accountable and match is not None and name not in before:
            subject = Subject("guard", f"{refusal.policy}/{refusal.route} after {since}", refusal.policy, refusal.route)
            occasion = Occasion(policy, match.route, match.case, reason=refusal.reason)
            yield Event(subject, occasion, Notify((Recipient("team", policy.owner.accountable),)))


def soon(prepared: Prepared) -> Iterator[Event]:
    """The cases that a route with `warn` will match soon."""
    for in_org, route, case in coming(prepared):
        assert route.warn is not None
        episode, organization_id = in_org.episode(route, case), prepared.plan.organization_id
        identity = Identity(organization_id, in_org.policy.name, route.name, case.id, episode=episode)
        about = in_org.policy.name, route.name, "", 1, identity.key, case.id, case.number
        more = (("Comes", f"within {in_words(route.warn.before)}, unless something changes"),)
        occasion = Occasion(in_org.policy, route, case, reason=reason_of(route, case), more=more)
        yield Event(Subject("warn", identity.key, *about), occasion, Notify(route.warn.tell))


def policy_of(prepared: Prepared, start: Escalation) -> Policy | None:
    return next((policy for policy in prepared.plan.policies if policy.name == start.policy), None)


def occasion_on(prepared: Prepared, one: OnLadder, more: tuple[tuple[str, str], ...] = ()) -> Occasion:
    policy = policy_of(prepared, one.start)
    assert policy is not None
    due = one.facts.due
    return Occasion(policy, one.route, one.case, due=due, due_text=clock_text(due, one.zone) if due else "", more=more)


def pagers(policy: Policy | None, recipients: Iterable[Recipient]) -> Iterator[Recipient]:
    """The recipients with a channel on which an alarm stays on until it is ended."""
    kinds = policy.notices.channels if policy else {}
    for one in recipients:
        tell = policy.teams[one.name].tell if policy and one.kind == "team" and isinstance(one.name, str) else ()
        names = (one.name,) if one.kind == "channel" else tell
        yield from (Recipient("channel", str(name)) for name in names if kinds.get(str(name)) == "pagerduty")
