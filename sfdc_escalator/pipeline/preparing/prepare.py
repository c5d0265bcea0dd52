"""From the org and the ledger to a plan: recover, poll, judge, look for keys, draft orders. Reads only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from sfdc_escalator.errors import Invalid
from sfdc_escalator.escalation.conditions.tree import paths_of
from sfdc_escalator.escalation.decisions.decide import decide
from sfdc_escalator.escalation.decisions.draft import draft
from sfdc_escalator.escalation.decisions.match import Match, NoMatch
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.explaining.left_alone import LeftAlone
from sfdc_escalator.escalation.note.note import Renderer
from sfdc_escalator.escalation.notices.notice import Notice
from sfdc_escalator.escalation.planning.plan import Plan, build_plan
from sfdc_escalator.escalation.planning.run_options import RunOptions, sort_out
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.undoing.proved import undone_by_notes
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import Escalation
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.keys import RouteName
from sfdc_escalator.escalation.world.ladder_facts import Hold
from sfdc_escalator.escalation.world.needs import Need
from sfdc_escalator.escalation.world.org import Caller, OrgFacts
from sfdc_escalator.pipeline.polling.read_poll import Listing, NoMatches, Poll, Reading, in_this_org
from sfdc_escalator.pipeline.ports.ledger import Change, HistoryReader
from sfdc_escalator.pipeline.ports.org import Org
from sfdc_escalator.pipeline.ports.recall import Recall
from sfdc_escalator.pipeline.preparing.incomplete_rungs import around_incomplete
from sfdc_escalator.pipeline.preparing.keys_found import look_for_keys, refuse_if_lost
from sfdc_escalator.pipeline.preparing.ladders import Ladders, read_ladders
from sfdc_escalator.pipeline.preparing.merges import doubles
from sfdc_escalator.pipeline.preparing.recover import Settled, recover, watch
from sfdc_escalator.pipeline.preparing.take_overs import taken_over
from sfdc_escalator.pipeline.run_clock import check_clock


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan and the facts that it is based on. `settled` and `found` were found by reading; a live run stores them.
    `closed` are the closed cases of open escalations, by id. `notices` are those about what was found, by the event and
    the key of the escalation that they belong to."""

    plan: Plan
    org_facts: OrgFacts
    poll: Poll
    left_alone: LeftAlone
    history: History
    settled: tuple[Settled, ...]
    found: tuple[Change, ...]
    broken: Mapping[RouteName, str]
    warnings: tuple[str, ...]
    policies_in_org: tuple[PolicyInOrg, ...]
    ladders: Ladders
    closed: Mapping[str, Case] = field(default_factory=lambda: MappingProxyType({}))
    notices: Mapping[tuple[str, str], tuple[Notice, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def skipped(self) -> tuple[Escalation, ...]:
        """The turns that are skipped though nothing is climbed on their ladder."""
        taken_over = self.plan.taken_over
        return tuple(one for one in self.ladders.skipped if one.start_key not in taken_over)

    @property
    def holds(self) -> tuple[Hold, ...]:
        """The holds that last now; those by `hold_while` on cases with an open escalation."""
        now, ended = self.plan.now, {one.event for one in self.ladders.ended}
        stored = (one for one in self.history.holds if one.lasts(now) and one.event not in ended)
        return (*stored, *self.ladders.begun)

    @property
    def recovered(self) -> int:
        """The number of outcomes that were unknown and are settled now."""
        return sum(one.event in ("recovered", "absent") for one in self.settled)

    @property
    def us(self) -> frozenset[str]:
        """The ids of our user, and of our users in earlier runs."""
        return self.history.users | {self.org_facts.caller.user_id}

    @property
    def cases(self) -> tuple[Case, ...]:
        """The cases of the poll that were kept."""
        return self.poll.look.cases


def prepare(
    org: Org,
    caller: Caller,
    ledger: HistoryReader,
    policies: Sequence[Policy],
    options: RunOptions,
    render: Renderer,
    listing: Listing | None = None,
) -> Prepared:
    """The plan of this run; `listing` gets the cases that no route matches.

    Raises Invalid for a route or case that does not exist, PlanRefused for a lost ledger,
    OrgUnavailable for a clock that cannot be right."""
    check_route(policies, options)
    remembered, recall = ledger.history(caller.organization_id), Recall(ledger, caller.organization_id)
    check_clock(caller.now, remembered.org_time, accept=options.accept_clock)
    org_facts = org.facts(caller, policies)
    us = remembered.users | {caller.user_id}
    needs = frozenset[Need]().union(*(policy.needs() for policy in policies))
    needs |= org_facts.describe.readable(path for policy in policies for path in policy.optional_paths)
    settled = recover(org, remembered, paths_of(needs), us, caller.now)
    history = with_settled(remembered, settled, recall)
    no_matches = NoMatches(listing)
    reading = Reading(org, policies, org_facts, history, recall, caller.now, us, options, no_matches)
    poll, history = reading.to_end(), reading.history
    if options.case is not None:
        check_found(options.case, poll.count, poll.broken, policies)
    policies_in_org, look = in_this_org(policies, org_facts, history, caller.now, poll.broken), poll.look
    open_cases = {case.id: case for case in look.cases if case.fields.get("IsClosed") is not True}
    closed: Mapping[str, Case] = {}
    if options.case is None:
        watched, unpolled, closed = watch(org, history, policies_in_org, look, needs, complete=not poll.broken)
        open_cases |= unpolled
        history = with_settled(history, watched, recall)
        ended = tuple(Settled("superseded", one) for one in doubles(history, policies, caller.organization_id))
        settled, history = (*settled, *watched, *ended), history.with_escalations(one.escalation for one in ended)
    settled, history = with_overtaken(settled, history, caller)
    policies_in_org = with_history(policies_in_org, history)
    ladders = read_ladders(org, policies_in_org, open_cases, us)
    ladders = around_incomplete(org, policies_in_org, ladders, us, render)
    settled, history = (*settled, *ladders.settled), history.with_escalations(one.escalation for one in ladders.settled)
    policies_in_org = with_history(policies_in_org, history)
    judged = [*judge_all(policies_in_org, look.cases), *ladders.matches]
    found = look_for_keys(org, judged, history, us, recall)
    if found:
        refuse_if_lost(history, found)
        history = recall.around(history, (one.escalation for one in found))
        here = still_here(look.cases, found, history)
        history = history.with_escalations(one.escalation for one in found)
        settled, history = with_overtaken(settled, history, caller)
        policies_in_org = with_history(policies_in_org, history)
        ladders = ladders.but(policies_in_org)
        judged = [*judge_all(policies_in_org, here), *ladders.matches]
    broken = routes_broken(poll.broken, policies_in_org)
    matches, no_match = sort_out(judged, options)
    drafts = draft_all(policies_in_org, matches, render)
    plan = build_plan(policies, org_facts, history, caller.now, drafts, options, broken)
    left_alone = no_matches.add_kept(policies_in_org, no_match, look)
    warnings = tuple(warning for in_org in policies_in_org for warning in in_org.warnings)
    return Prepared(
        plan,
        org_facts,
        poll,
        left_alone,
        history,
        settled,
        found,
        broken,
        warnings,
        tuple(policies_in_org),
        ladders,
        closed,
    )


def with_settled(history: History, settled: Iterable[Settled], recall: Recall) -> History:
    """The history with these; a merge may have moved them to a case with a past of its own."""
    now = tuple(one.escalation for one in settled)
    return recall.around(history, now).with_escalations(now)


def with_overtaken(settled: Iterable[Settled], history: History, caller: Caller) -> tuple[tuple[Settled, ...], History]:
    """The same with the escalations that a later one has taken over, and those that a person has undone."""
    undone = tuple(undone_by_notes(history))
    history = history.with_escalations(undone)
    ended = tuple(taken_over(history, caller.organization_id))
    found = (*(Settled("undone", one) for one in undone), *(Settled("superseded", one) for one in ended))
    return (*settled, *found), history.with_escalations(ended)


def with_history(policies_in_org: Iterable[PolicyInOrg], history: History) -> list[PolicyInOrg]:
    return [in_org if in_org.history is history else replace(in_org, history=history) for in_org in policies_in_org]


def check_route(policies: Sequence[Policy], options: RunOptions) -> None:
    names = sorted({route.name for policy in policies for route in policy.routes})
    if options.route is not None and options.route not in names:
        raise Invalid(f"no policy has a route {options.route!r}; there are: {', '.join(names)}")


def check_found(case: str, count: int, broken: Mapping[RouteName, str], policies: Sequence[Policy]) -> None:
    """Raises Invalid for a case that the org does not show, and where no route could be asked for."""
    if count:
        return
    if len(broken) == sum(len(policy.routes) for policy in policies):
        reasons = "; ".join(f"{policy}/{route}: {reason}" for (policy, route), reason in sorted(broken.items()))
        raise Invalid(f"case {case} was not looked for, because no route can be read in this org: {reasons}")
    raise Invalid(f"case {case} is not in this org, or this user cannot see it")


def poll_one(
    org: Org, policies: Sequence[Policy], org_facts: OrgFacts, case: str
) -> tuple[Case, Mapping[RouteName, str]]:
    """The case with this number or id, as a poll reads it, and the routes that could not be read. Raises Invalid."""
    pages = list(org.poll(policies, org_facts, case))
    cases, broken = [one for page in pages for one in page.cases], pages[-1].broken
    check_found(case, len(cases), broken, policies)
    return cases[0], broken


def routes_broken(unpolled: Mapping[RouteName, str], policies_in_org: Sequence[PolicyInOrg]) -> dict[RouteName, str]:
    """The routes that could not be polled, or that this org cannot carry out, with the reasons."""
    broken = dict(unpolled)
    for in_org in policies_in_org:
        for name, reason in in_org.unfit.items():
            first = broken.get((in_org.policy.name, name))
            broken[in_org.policy.name, name] = f"{first}; {reason}" if first else reason
    return broken


def judge_all(policies_in_org: Iterable[PolicyInOrg], cases: Sequence[Case]) -> list[Match | NoMatch]:
    return [decide(in_org, case) for in_org in policies_in_org for case in cases]


def still_here(cases: Sequence[Case], found: Iterable[Change], history: History) -> list[Case]:
    """The cases without those whose escalation was found on another: they were merged away since the poll, and would
    be escalated once more."""
    merged = {change.escalation.key for change in found if change.event == "merged"}
    away = {one.case_id for one in history.everything() if one.key in merged}
    return [case for case in cases if case.id not in away]


def draft_all(policies_in_org: Iterable[PolicyInOrg], matches: Iterable[Match], render: Renderer) -> list[Match]:
    """The matches with their orders."""
    known = {in_org.policy.name: in_org for in_org in policies_in_org}
    return [draft(known[one.policy.name], one, render) for one in matches]
