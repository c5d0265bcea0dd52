"""The reasons against one route, counted case by case: the first condition that each case misses."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.condition import Condition, Finding
from sfdc_escalator.escalation.conditions.findings import deciding, in_plain_words
from sfdc_escalator.escalation.conditions.leaf import Leaf
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, judge
from sfdc_escalator.escalation.decisions.decide import ALREADY_WORDS, UNSETTLED, reason_against
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.policy.policy import Route
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import Need

MOST_NUMBERS = 3
UNPOLLED = 10**9
"""More conditions than any route misses: a route that was not read is the farthest from a match."""
COMES_LATER = "it matches; another route comes first"


class Group:
    """The cases with one reason: how many, and the first numbers. `text` names the value of the first case, `brief` no
    value of any."""

    __slots__ = ("brief", "count", "numbers", "text")

    def __init__(self, brief: str, text: str) -> None:
        self.brief, self.text = brief, text
        self.count, self.numbers = 0, list[str]()

    def add(self, case: Case) -> None:
        self.count += 1
        if self.count <= MOST_NUMBERS:
            self.numbers.append(case.number)


Groups = dict[object, Group]
"""By what they miss: a few for each route, whatever the number of cases."""


class Lack(NamedTuple):
    """The number of conditions that a case lacks, and the cases that lack the same one first."""

    conditions: int
    group: Group


class AgainstRoute:
    """Counts the cases that one route does not match. Conditions on what was not read count as met."""

    def __init__(self, in_org: PolicyInOrg, route: Route, unread: frozenset[Need], groups: Groups) -> None:
        self.name, self._route, self._in_org, self._groups = route.name, route, in_org, groups
        condition = in_org.policy.condition(route)
        parts = (part for part in flat(condition) if unread.isdisjoint(part.needs))
        self._parts = tuple((part, isinstance(part, Leaf)) for part in parts)

    def count(self, case: Case, most: int) -> Lack:
        """Counts the case. Above `most` missing conditions, how many more there are is not found out."""
        if reason := self._in_org.unpolled.get(self.name):
            return Lack(UNPOLLED, self.add(reason, case))
        new = case.id not in self._in_org.history.by_case  # as nearly all cases
        circumstances = self._in_org.circumstances if new else self._in_org.circumstances_of(self._route, case)
        first, missing = None, 0
        for part, is_leaf in self._parts:  # this loop runs for every route and case
            if not part.holds(case, circumstances):
                first = first or part
                missing += 1 if is_leaf else fewest(part, case, circumstances)
                if missing > most:
                    break
        if first is None:
            return Lack(0, self.add(reason_against(self._in_org, self._route, case) or COMES_LATER, case))
        escalated = "" if new else escalated_by(self._in_org, case, self.name)
        return Lack(missing, self._add_miss(first, case, circumstances, escalated))

    def add(self, text: str, case: Case) -> Group:
        """Counts the case with this reason."""
        if (group := self._groups.get(text)) is None:
            group = self._groups[text] = Group(text, text)
        group.add(case)
        return group

    def _add_miss(self, part: Condition, case: Case, circumstances: Circumstances, escalated: str) -> Group:
        finding = None if isinstance(part, Leaf) else first_miss(part, case, circumstances)
        leaf, holds = (finding.condition, finding.holds) if finding else (part, False)
        key = (id(leaf), holds, escalated)
        if (group := self._groups.get(key)) is None:
            finding = finding or first_miss(part, case, circumstances)
            now = f"{escalated}; now " if escalated else ""
            group = self._groups[key] = Group(now + brief(finding), now + in_full(finding))
        group.add(case)
        return group


def escalated_by(in_org: PolicyInOrg, case: Case, route: str) -> str:
    """That the route has an open escalation of the case; empty where it has none."""
    for one in in_org.escalations(case):
        if one.is_open and one.route == route:
            return ALREADY_WORDS.get(one.state, UNSETTLED)
    return ""


def flat(condition: Condition) -> Iterator[Condition]:
    """The conditions that all must hold."""
    if isinstance(condition, All):
        for part in condition.parts:
            yield from flat(part)
    else:
        yield condition


def fewest(condition: Condition, case: Case, circumstances: Circumstances) -> int:
    """The fewest leaves that must change for the condition to hold."""
    if condition.holds(case, circumstances):
        return 0
    if isinstance(condition, All):
        return sum(fewest(part, case, circumstances) for part in condition.parts)
    if isinstance(condition, AnyOf):
        return min((fewest(part, case, circumstances) for part in condition.parts), default=1)
    return 1


def first_miss(condition: Condition, case: Case, circumstances: Circumstances) -> Finding:
    """The finding of the first leaf because of which the condition does not hold."""
    finding = judge(condition, case, circumstances)
    return next(deciding(finding, holding=False), finding)


def brief(finding: Finding) -> str:
    """The condition as the policy writes it."""
    if not isinstance(finding.condition, Leaf):
        return "it does not match"
    return f"{'must not hold' if finding.holds else 'missing'}: {finding.condition.brief}"


def in_full(finding: Finding) -> str:
    """The same with the value that was seen."""
    return in_plain_words(finding) if isinstance(finding.condition, Leaf) else brief(finding)


def most_common(groups: Iterable[Group]) -> list[Group]:
    return sorted(groups, key=lambda one: -one.count)
