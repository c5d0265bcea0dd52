"""The notices of a run: who is notified of what, from the plan and from what was read. Reads only."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from sfdc_escalator.errors import EscalatorError
from sfdc_escalator.escalation.conditions.tree import paths_of
from sfdc_escalator.escalation.decisions.match import Match
from sfdc_escalator.escalation.decisions.on_ladder import OnLadder
from sfdc_escalator.escalation.note.note import Renderer, reason_of
from sfdc_escalator.escalation.notices.channels_used import channels_used, everybody
from sfdc_escalator.escalation.notices.notice import Notice, Subject
from sfdc_escalator.escalation.notices.people import People
from sfdc_escalator.escalation.notices.recipients import Known, ids_wanted
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.policy.telling import Notify, Recipient
from sfdc_escalator.escalation.telling.notices import (
    Desk,
    is_notified,
    may_lack_parts,
    notices_of,
    occasion_of,
    subject_of_start,
)
from sfdc_escalator.escalation.telling.saying import Occasion
from sfdc_escalator.escalation.time.durations import in_words
from sfdc_escalator.escalation.time.zones import clock_text
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.escalation.world.keys import Identity
from sfdc_escalator.escalation.world.ladder_facts import Acknowledged
from sfdc_escalator.escalation.world.needs import Need
from sfdc_escalator.pipeline.exhausted import not_recorded
from sfdc_escalator.pipeline.notify.warnings import coming
from sfdc_escalator.pipeline.ports.ledger import Lease
from sfdc_escalator.pipeline.ports.org import Org
from sfdc_escalator.pipeline.preparing.acts import complete
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
    cases = whole_cases(org, prepared, happened)
    matches = tuple(with_order_notices(match, desk, cases) for match in prepared.plan.matches)
    found: dict[tuple[str, str], tuple[Notice, ...]] = {
        (one.subject.kind, one.subject.key): desk.notices(one.subject, one.occasion.on(cases), one.wanted)
        for one in happened
    }
    return replace(prepared, plan=replace(prepared.plan, matches=matches), notices=found)


def with_order_notices(match: Match, desk: Desk, cases: Mapping[str, Case]) -> Match:
    told = replace(match, case=cases.get(match.case.id, match.case)) if match.rung else match
    if match.order is None or not (found := notices_of(told, desk)):
        return match
    return replace(match, order=replace(match.order, notices=found))


def whole_cases(org: Org, prepared: Prepared, happened: Iterable[Event]) -> Mapping[str, Case]:
    """The cases of rungs and of what happened, by id, with all that their notices say: long texts and messages are not
    read of every case. Of a start they are."""
    rungs = (match for match in prepared.plan.matches if match.rung and match.order and is_notified(match))
    occasions = [occasion_of(match, prepared.plan.now) for match in rungs]
    occasions += [one.occasion for one in happened if one.subject.case_id and (one.wanted.now or one.wanted.digest)]
    needs = frozenset[Need]().union(*(one.needs for one in occasions))
    paths = paths_of(needs)
    readable = (needs - paths) | prepared.org_facts.describe.readable(paths)
    read = complete(org, [one.case for one in occasions], readable, prepared.us) if readable else ()
    return {case.id: case for case in read}


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


def names_of(org: Org, ids: frozenset[str]) -> Mapping[str, str]:
    """The names of these users by id; none where the org does not answer: a message is sent all the same."""
    try:
        return {one.id: one.name for one in org.people(sorted(ids)).persons.values()} if ids else {}
    except EscalatorError:
        return {}


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
        assert policy is not None
        wanted = (*one.route.notify_when.acknowledged, *pagers(policy, one.route))
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
                wanted = (*route.notify_when.closed, *pagers(policy, route))
                occasion = Occasion(policy, route, case, reason=reason_of(route, case))
                yield Event(subject_of_start("closed", start, route), occasion, Notify(wanted))


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
            about = f"{refusal.policy}/{refusal.route} in {prepared.plan.organization_id} after {since}"
            subject = Subject("guard", about, refusal.policy, refusal.route)
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
    due, reason = one.facts.due, reason_of(one.route, one.case)
    due_text = clock_text(due, one.zone) if due else ""
    return Occasion(policy, one.route, one.case, reason=reason, due=due, due_text=due_text, more=more)


def pagers(policy: Policy, route: Route) -> Iterator[Recipient]:
    """The channels of the route on which an alarm stays on until it is ended."""
    for name in sorted(channels_used(policy, everybody(policy, route))):
        if policy.notices.channels.get(name) == "pagerduty":
            yield Recipient("channel", name)
