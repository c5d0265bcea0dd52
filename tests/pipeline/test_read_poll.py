"""The poll is judged page by page; a run keeps the cases that it has work with, and counts the others."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.age import Age
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.text import Text
from sfdc_escalator.escalation.conditions.speech.words import parse_phrase
from sfdc_escalator.escalation.conditions.tree import All
from sfdc_escalator.escalation.decisions.match import NoMatch
from sfdc_escalator.escalation.planning.run_options import RunOptions
from sfdc_escalator.escalation.policy.policy import Policy
from sfdc_escalator.escalation.policy.telling import Warn
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.escalation import EscalationState
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.ladder_facts import Hold
from sfdc_escalator.escalation.world.org import OrgFacts
from sfdc_escalator.pipeline.polling import read_poll
from sfdc_escalator.pipeline.polling.read_poll import Listing
from sfdc_escalator.pipeline.ports.org import CasePage
from sfdc_escalator.pipeline.preparing.prepare import Prepared, prepare
from tests.builders import NOW, caller, case, escalation, policy, remembering, render, route
from tests.pipeline.fakes import FakeLedger, FakeOrg, numbers

NEW: Condition = Field("Status", "is", "New")
WORDS: Condition = Text(("Description",), (parse_phrase("refund"),))
POLICY = policy(route("urgent", NEW))
LIVE = remembering(live=["urgent"])
BUSY = "Working"


def prepared(
    org: FakeOrg,
    *policies: Policy,
    history: History = LIVE,
    options: RunOptions | None = None,
    listing: Listing | None = None,
) -> Prepared:
    return prepare(org, caller(), FakeLedger(history), policies or (POLICY,), options or RunOptions(), render, listing)


def busy(*numbers: int) -> list[Case]:
    return [case(number, status=BUSY) for number in numbers]


def test_only_the_cases_that_match_are_kept_and_the_others_are_counted() -> None:
    found = prepared(FakeOrg([*busy(1, 2, 3, 4, 5), case(6), *busy(7)]))
    assert numbers(one.id for one in found.cases) == [6]
    assert (found.poll.count, found.left_alone.count, found.left_alone.cases) == (7, 6, 6)
    assert found.left_alone.reasons == (("support/urgent: missing: Status is New", 6),)


def test_the_case_of_an_escalation_is_kept_whether_or_not_it_matches() -> None:
    earlier = escalation(case(2), EscalationState.APPLIED)
    found = prepared(FakeOrg(busy(1, 2, 3)), history=remembering(earlier, live=["urgent"]))
    assert numbers(one.id for one in found.cases) == [2]
    assert found.left_alone.count == 3


def test_the_case_of_a_hold_is_kept() -> None:
    hold = Hold(case(3).id, case(3).number, NOW, NOW + timedelta(hours=1), "Wait.", "Ann")
    found = prepared(FakeOrg(busy(1, 2, 3)), history=replace(LIVE, holds=(hold,)))
    assert numbers(one.id for one in found.cases) == [3]


def test_a_case_that_will_match_soon_is_kept_for_its_warning() -> None:
    old = Age("at_least", timedelta(hours=2), path="CreatedDate")
    warned = replace(route("urgent", old), warn=Warn(timedelta(hours=1), ()))
    ages = {1: 10, 2: 70, 3: 130}
    cases = [aged(number, minutes) for number, minutes in ages.items()]
    found = prepared(FakeOrg(cases), policy(warned))
    assert numbers(one.id for one in found.cases) == [2, 3]
    assert found.left_alone.count == 2


def aged(number: int, minutes: int) -> Case:
    created = NOW - timedelta(minutes=minutes)
    return replace(case(number, {"CreatedDate": created}), created=created)


def test_a_case_matches_no_route_only_where_that_holds_for_every_policy() -> None:
    other = policy(route("slow", Field("Status", "is", BUSY)), name="other")
    found = prepared(FakeOrg([case(1), *busy(2), case(3, status="Odd")]), POLICY, other)
    assert (found.left_alone.count, found.left_alone.cases) == (4, 1)


def test_survivors_of_many_pages_share_a_second_look() -> None:
    org = Counting([case(number) for number in range(1, 10)], long_text={"Description": "a refund"})
    found = prepared(org, policy(route("urgent", All((NEW, WORDS)))))
    assert (org.looks, len(found.plan.matches)) == ([9], 9)


def test_a_second_look_takes_as_many_cases_as_a_call_can() -> None:
    org = Counting([case(number) for number in range(1, 10)], long_text={"Description": "thank you"}, page=5)
    read_poll.TOGETHER, before = 4, read_poll.TOGETHER
    try:
        found = prepared(org, policy(route("urgent", All((NEW, WORDS)))))
    finally:
        read_poll.TOGETHER = before
    assert (org.looks, found.cases, found.left_alone.count) == ([4, 4, 1], (), 9)


@dataclass
class Counting(FakeOrg):
    """Counts the cases of each second look."""

    looks: list[int] = field(default_factory=list)

    def complete(self, cases: Sequence[Case], *rest: object) -> tuple[Case, ...]:
        self.looks.append(len(cases))
        return super().complete(cases, *rest)  # type: ignore[arg-type]


class BreaksLate(FakeOrg):
    """The second page says that a route cannot be read."""

    def poll(self, policies: Sequence[Policy], org_facts: OrgFacts, case: str | None) -> Iterator[CasePage]:
        for place, one in enumerate(super().poll(policies, org_facts, case)):
            yield replace(one, broken={("support", "a"): "refused"}) if place else one


def test_a_route_that_breaks_on_a_later_page_plans_nothing_for_the_pages_before() -> None:
    both = policy(route("a", NEW), route("b", Field("Status", "in", ("New", BUSY))))
    found = prepared(BreaksLate([case(1), case(2), *busy(3)]), both, history=remembering(live=["a", "b"]))
    assert [one.route.name for one in found.plan.matches] == ["b", "b", "b"]
    assert found.broken == {("support", "a"): "refused"}


def test_each_case_without_a_match_is_listed_once_as_it_is_read() -> None:
    earlier = escalation(case(2), EscalationState.APPLIED)
    listed: list[tuple[str, Mapping[str, str]]] = []

    def listing(one: NoMatch, reasons: Mapping[str, str]) -> None:
        listed.append((one.case.number, reasons))

    org = FakeOrg([*busy(1, 2, 3), case(4)])
    prepared(org, history=remembering(earlier, live=["urgent"]), listing=listing)
    assert sorted(number for number, _ in listed) == ["00000001", "00000002", "00000003"]
    assert all(reasons["urgent"].endswith("Status is Working (asked for New: no)") for _, reasons in listed)


def test_the_nearest_misses_are_those_of_the_whole_queue_and_a_bounded_number() -> None:
    both = policy(route("urgent", All((NEW, Field("Priority", "is", "High")))))
    far = [case(number, {"Priority": "Low"}, status=BUSY) for number in range(1, 6)]
    found = prepared(FakeOrg([*far, case(6, {"Priority": "Low"})]), both)
    assert found.poll.nearest.cases[0].number == "00000006"
