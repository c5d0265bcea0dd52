"""The poll, judged page by page. A case that no later stage needs is counted and let go: a run holds the cases that it
has work with, and not the queue. Reads only."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.decisions.decide import decide, no_match_reasons
from sfdc_escalator.escalation.decisions.match import Match, NoMatch
from sfdc_escalator.escalation.decisions.policy_in_org import NONE, PolicyInOrg
from sfdc_escalator.escalation.explaining.left_alone import LeftAlone, Tally
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.readiness.fitness import fitness
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.keys import RouteName
from sfdc_escalator.escalation.world.needs import Need
from sfdc_escalator.escalation.world.org import OrgFacts
from sfdc_escalator.pipeline.polling.nearest import Nearest
from sfdc_escalator.pipeline.polling.second_look import Look, is_survivor, missing_of
from sfdc_escalator.pipeline.ports.org import CasePage, Org
from sfdc_escalator.pipeline.ports.recall import Recall

TOGETHER = 2_000
"""The number of cases of one second look: as many ids as one call takes."""

Listing = Callable[[NoMatch, Mapping[str, str]], None]
"""Takes each case without a match, with the reason against each route of a policy."""


@dataclass(frozen=True, slots=True)
class Poll:
    """A poll of `count` cases, and those that were kept. `look` has those that a route matches or will match soon, and
    those with an escalation or a hold; `nearest` those of the others that come nearest to a match, where no route
    matches any. `at` is the Date header of its first page; `broken` has the reasons of routes not read."""

    count: int
    at: datetime
    broken: Mapping[RouteName, str]
    look: Look
    nearest: Look


class NoMatches:
    """Counts the cases without a match, lists them where somebody asks for a list, and keeps none of them."""

    def __init__(self, listing: Listing | None = None) -> None:
        self._listing, self._tally = listing, Tally()

    def add(self, policies: Mapping[str, PolicyInOrg], found: Sequence[NoMatch], unread: frozenset[Need] = NONE) -> int:
        """Takes one case, by each policy of which no route matches it. Returns the number of conditions that it lacks
        for the nearest route."""
        if self._listing:
            for one in found:
                self._listing(one, no_match_reasons(policies[one.policy], one))
        return self._tally.add(policies, found, unread)

    def add_kept(self, policies_in_org: Sequence[PolicyInOrg], found: Iterable[NoMatch], look: Look) -> LeftAlone:
        """Takes the cases that were kept and that no route matches, and counts all."""
        policies = {one.policy.name: one for one in policies_in_org}
        by_case: dict[str, list[NoMatch]] = {}
        for one in found:
            by_case.setdefault(one.case.id, []).append(one)
        for case_id, some in by_case.items():
            self.add(policies, some, look.unread(case_id))
        return self._tally.result()


@dataclass
class Reading:
    """A poll under way; `history` grows by the past of the cases that are read. What it decides about a case counts
    only where the case is let go: those that are kept are judged once everything about them is known."""

    org: Org
    policies: Sequence[Policy]
    org_facts: OrgFacts
    history: History
    recall: Recall
    now: datetime
    us: frozenset[str]
    options: RunOptions
    no_matches: NoMatches
    _broken: Mapping[RouteName, str] = field(default_factory=dict)
    _count: int = 0
    _in_org: Mapping[str, PolicyInOrg] = field(default_factory=dict)
    _warned: Sequence[tuple[Condition, Circumstances]] = ()
    _waiting: list[Case] = field(default_factory=list)
    _kept: list[Case] = field(default_factory=list)
    _missing: dict[str, frozenset[Need]] = field(default_factory=dict)
    _nearest: Nearest = field(default_factory=Nearest)

    def to_end(self) -> Poll:
        at = None
        for page in self.org.poll(self.policies, self.org_facts, self.options.case):
            if at is None or page.broken != self._broken:
                self._know(page.broken)
            at = at or page.at
            self._take(page)
        while self._waiting:
            self._look_closer()
        assert at is not None
        return Poll(self._count, at, self._broken, Look(tuple(self._kept), self._missing), self._nearest.look)

    def _know(self, broken: Mapping[RouteName, str]) -> None:
        self._broken = broken
        found = in_this_org(self.policies, self.org_facts, self.history, self.now, broken)
        self._in_org = {one.policy.name: one for one in found}
        self._warned = tuple(
            (condition, replace(one.circumstances, now=self.now + route.warn.before))
            for one in found
            for route, condition in one.judged
            if route.warn
        )

    def _remember(self, cases: Sequence[Case]) -> None:
        """Adds the past of these cases to the history, before they are judged."""
        known = self.recall.cases(self.history, (case.id for case in cases))
        if known is not self.history:
            self.history = known
            self._in_org = {name: replace(one, history=known) for name, one in self._in_org.items()}

    def _take(self, page: CasePage) -> None:
        self._count += len(page.cases)
        self._remember(page.cases)
        policies_in_org = tuple(self._in_org.values())
        missing = missing_of(policies_in_org, page.cases)
        if not missing:
            return self._judge(page.cases, NONE)
        survivors = {case.id for case in page.cases if is_survivor(policies_in_org, case, missing)}
        self._judge((case for case in page.cases if case.id not in survivors), missing)
        self._waiting += (case for case in page.cases if case.id in survivors)
        while len(self._waiting) >= TOGETHER:
            self._look_closer()
        return None

    def _look_closer(self) -> None:
        """Reads the first cases that wait for a second look in full, and judges them."""
        cases, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
        missing = missing_of(tuple(self._in_org.values()), cases)
        self._judge(self.org.complete(cases, missing, self.us) if missing else cases, NONE)

    def _judge(self, cases: Iterable[Case], unread: frozenset[Need]) -> None:
        for case in cases:
            if self._is_kept_anyway(case):
                self._keep(case, unread)
                continue
            found = [decide(in_org, case) for in_org in self._in_org.values()]
            no_match = [one for one in found if isinstance(one, NoMatch)]
            if len(no_match) == len(found):
                self._nearest.offer(self.no_matches.add(self._in_org, no_match, unread), case, unread)
            else:
                self._keep(case, unread)
                if any(isinstance(one, Match) and self.options.takes(one.route.name) for one in found):
                    self._nearest.close()

    def _is_kept_anyway(self, case: Case) -> bool:
        """True where the decision waits, or where more than the decision needs the case."""
        return (
            case.id in self.history.by_case
            or bool(self.history.holds and self.history.holds_of(case.id))
            or self.options.case is not None
            or any(condition.holds(case, later) for condition, later in self._warned)
        )

    def _keep(self, case: Case, unread: frozenset[Need]) -> None:
        self._kept.append(case)
        if unread:
            self._missing[case.id] = unread


def in_this_org(
    policies: Sequence[Policy], org_facts: OrgFacts, history: History, now: datetime, broken: Mapping[RouteName, str]
) -> list[PolicyInOrg]:
    """Each policy with the facts that its matches depend on."""
    result = []
    for policy in policies:
        unpolled = {route: reason for (name, route), reason in broken.items() if name == policy.name}
        beside = tuple(one for one in policies if one is not policy)
        fit = fitness(policy, org_facts)
        result.append(PolicyInOrg(policy, org_facts, history, now, unpolled, fit.unfit, beside, fit.warnings))
    return result
