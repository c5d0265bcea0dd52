"""The plan: its order, run options, guards and digest."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.decisions.match import Match
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.planning.plan import Plan, build_plan
from sfdc_escalator.escalation.planning.run_options import RunOptions, sort_out
from sfdc_escalator.escalation.policy.escalate import NotePart
from sfdc_escalator.escalation.policy.policy import Guards, Policy
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.history import History
from sfdc_escalator.escalation.world.org import OrgFacts
from tests.builders import NOW, SUPPORT, case, escalation, in_org, judged, note, org_facts, policy, remembering, route

ROUTINE = RunOptions()
ALL_LIVE = History(
    live=frozenset({("support", name) for name in ("urgent", "a", "b")} | {("billing", "a")}), empty=False
)
OPEN_GUARDS = Guards(max_cases=10_000, max_share_of_open=Fraction(1))


def is_(subject: str) -> Condition:
    return Field("Subject", "is", subject)


AB = policy(route("a", is_("a")), route("b", is_("b")))


def cases(count: int, subject: str = "a", start: int = 1) -> list[Case]:
    return [case(number, {"Subject": subject}) for number in range(start, start + count)]


def plan_of(
    policies: Policy | Iterable[Policy],
    some: Iterable[Case],
    options: RunOptions = ROUTINE,
    history: History = ALL_LIVE,
    org: OrgFacts | None = None,
) -> Plan:
    every = [policies] if isinstance(policies, Policy) else list(policies)
    org = org or org_facts()
    found = [judged(in_org(one, history, org=org), each) for one in every for each in some]
    return build_plan(every, org, history, NOW, sort_out(found, options)[0], options)


def states(plan: Plan, route_name: str | None = None) -> Counter[State]:
    return Counter(one.state for one in plan.matches if route_name in (None, one.route.name))


# -- order ---------------------------------------------------------------------------------------------------------


def test_the_most_serious_route_goes_first_then_the_highest_priority_then_the_longest_wait() -> None:
    old, older = NOW - timedelta(days=2), NOW - timedelta(days=3)
    some = [
        case(1, {"Subject": "b"}, priority="Urgent", created=older),
        case(2, {"Subject": "a"}, priority="Low"),
        case(3, {"Subject": "a"}, priority=None, created=older),
        case(4, {"Subject": "a"}, priority="high", created=old),
        case(5, {"Subject": "a"}, priority="High", created=older),
        case(6, {"Subject": "a"}, priority="High", created=older),
    ]
    plan = plan_of(AB, some)
    assert [int(one.case.number) for one in plan.matches] == [5, 6, 4, 2, 3, 1]


def test_policies_go_in_the_order_of_their_files() -> None:
    second = policy(route("a", is_("b")), name="billing")
    plan = plan_of([AB, second], [*cases(1, "b", 1), *cases(1, "a", 2)])
    assert [one.policy.name for one in plan.matches] == ["support", "support", "billing"]


# -- the choices ---------------------------------------------------------------------------------------------------


def test_a_route_that_never_ran_live_is_withheld_with_the_choices_when_it_finds_a_case() -> None:
    plan = plan_of(AB, [*cases(1, "a"), *cases(3, "b", 50)], history=remembering(live=["a"]))
    assert states(plan, "a") == {State.PLANNED: 1}
    assert states(plan, "b") == {State.WITHHELD: 3}
    [refusal] = plan.refusals
    assert (refusal.route, refusal.cases) == ("b", 3)
    assert "--backlog escalate" in refusal.reason
    assert plan.complete == {("support", "a")}


def test_a_route_that_never_ran_live_has_run_live_when_it_finds_no_case() -> None:
    plan = plan_of(AB, cases(1, "a"), history=remembering(live=["a"]))
    assert not plan.refusals
    assert plan.complete == {("support", "a"), ("support", "b")}


def test_a_route_with_only_held_matches_keeps_its_backlog() -> None:
    """Otherwise they would all be escalated without a choice once the missing part is there."""
    holding = policy(route("a", is_("a"), note_spec=note(NotePart("offers", ("Offers__c",), "hold"))))
    plan = plan_of(holding, cases(30), history=remembering())
    assert plan.complete == frozenset()


def test_a_renamed_route_has_no_backlog() -> None:
    renamed = policy(route("new", is_("a"), formerly=["a"]))
    assert states(plan_of(renamed, cases(3), history=remembering(live=["a"]))) == {State.PLANNED: 3}


def test_backlog_escalate_escalates_it() -> None:
    plan = plan_of(AB, cases(3), RunOptions(backlog="escalate"), History())
    assert states(plan) == {State.PLANNED: 3}
    assert ("support", "a") in plan.complete


def test_backlog_adopt_remembers_the_cases_as_seen_and_writes_nothing() -> None:
    plan = plan_of(AB, [*cases(3, "a"), *cases(2, "b", 50)], RunOptions(backlog="adopt"), remembering(live=["b"]))
    assert states(plan, "a") == {State.ALREADY: 3}
    assert states(plan, "b") == {State.PLANNED: 2}
    assert len(plan.adopted) == 3
    assert plan.complete == {("support", "a"), ("support", "b")}


def test_backlog_adopt_remembers_a_held_case_as_seen_too() -> None:
    """Otherwise it would be escalated later, although the backlog was adopted."""
    holding = policy(route("a", is_("a"), note_spec=note(NotePart("offers", ("Offers__c",), "hold"))))
    some = [*cases(2), case(3, {"Subject": "a", "Offers__c": "Refund"})]
    plan = plan_of(holding, some, RunOptions(backlog="adopt"), History())
    assert len(plan.adopted) == 3


def test_a_limit_takes_the_first_of_the_plan_and_defers_the_rest() -> None:
    plan = plan_of(AB, [*cases(3, "a"), *cases(2, "b", 50)], RunOptions(limit=4))
    assert states(plan, "a") == {State.PLANNED: 3}
    assert states(plan, "b") == {State.PLANNED: 1, State.DEFERRED: 1}
    assert plan.complete == frozenset()


def test_a_limit_leaves_the_rest_of_a_backlog_withheld_and_the_choice_open() -> None:
    plan = plan_of(AB, cases(3), RunOptions(limit=1), History())
    assert states(plan) == {State.PLANNED: 1, State.WITHHELD: 2}
    assert not plan.refusals
    assert plan.complete == frozenset()


def test_trying_one_case_leaves_the_choice_open() -> None:
    plan = plan_of(AB, cases(1), RunOptions(case="00000001"), History())
    assert states(plan) == {State.PLANNED: 1}
    assert plan.complete == frozenset()


def test_a_named_route_is_the_only_one_that_is_planned() -> None:
    plan = plan_of(AB, [*cases(1, "a"), *cases(1, "b", 50)], RunOptions(route="b"))
    assert [one.route.name for one in plan.matches] == ["b"]
    assert plan.complete == {("support", "b")}


def test_a_case_is_escalated_once_a_run_and_a_second_policy_follows_in_the_next() -> None:
    second = policy(route("a", is_("a")), name="billing")
    plan = plan_of([AB, second], cases(1))
    assert [(one.policy.name, one.state) for one in plan.matches] == [
        ("support", State.PLANNED),
        ("billing", State.DEFERRED),
    ]


@pytest.mark.parametrize("options", [ROUTINE, RunOptions(backlog="adopt")])
def test_a_policy_without_an_escalation_does_not_delay_another(options: RunOptions) -> None:
    """The first policy's backlog is withheld or adopted; the second policy does not wait for it."""
    second = policy(route("a", is_("a")), name="billing")
    only_second_live = History(live=frozenset({("billing", "a")}), empty=False)
    plan = plan_of([AB, second], cases(1), options, only_second_live)
    [second_decision] = [one for one in plan.matches if one.policy.name == "billing"]
    assert second_decision.state is State.PLANNED, second_decision.reason


def test_a_policy_with_a_withheld_route_does_not_delay_another() -> None:
    first = policy(route("a", is_("a")), guards=Guards(max_cases=1))
    second = policy(route("a", is_("a")), name="billing")
    plan = plan_of([first, second], cases(2))
    assert [one.state for one in plan.matches if one.policy.name == "billing"] == [State.PLANNED, State.PLANNED]


# -- the guards ----------------------------------------------------------------------------------------------------


def guarded(max_cases: int = 10_000, share: int = 100, share_from: int = 20, budget: int = 100) -> Guards:
    return Guards(max_cases, Fraction(share, 100), share_from, Fraction(budget, 100))


@pytest.mark.parametrize(("count", "state"), [(3, State.PLANNED), (4, State.WITHHELD)])
def test_a_route_with_more_than_most_cases_is_withheld(count: int, state: State) -> None:
    plan = plan_of(policy(route("a", is_("a")), guards=guarded(max_cases=3)), cases(count))
    assert states(plan) == {state: count}
    assert len(plan.refusals) == (state is State.WITHHELD)
    assert plan.complete == (frozenset() if plan.refusals else {("support", "a")})


def test_only_the_route_over_the_limit_is_withheld() -> None:
    two = replace(AB, guards=guarded(max_cases=3))
    plan = plan_of(two, [*cases(4, "a"), *cases(3, "b", 50)])
    assert states(plan, "a") == {State.WITHHELD: 4}
    assert states(plan, "b") == {State.PLANNED: 3}


@pytest.mark.parametrize(
    ("count", "open_cases", "state"),
    [(6, 20, State.PLANNED), (7, 20, State.WITHHELD), (4, 4, State.PLANNED), (5, 0, State.WITHHELD)],
)
def test_the_share_of_open_cases_counts_from_share_from_on(count: int, open_cases: int, state: State) -> None:
    plan = plan_of(
        policy(route("a", is_("a")), guards=guarded(share=30, share_from=5)),
        cases(count),
        org=org_facts(open_cases=open_cases),
    )
    assert states(plan) == {state: count}


def test_a_guard_never_withholds_a_route_that_bypasses_guards() -> None:
    over = policy(route("a", is_("a"), bypass_guards=True), route("b", is_("b")), guards=guarded(max_cases=1, budget=0))
    plan = plan_of(over, [*cases(5, "a"), *cases(1, "b", 50)], org=org_facts(api_left=None))
    assert states(plan, "a") == {State.PLANNED: 5}
    assert states(plan, "b") == {State.WITHHELD: 1}


def test_a_route_that_bypasses_guards_still_has_a_backlog() -> None:
    over = policy(route("a", is_("a"), bypass_guards=True))
    assert states(plan_of(over, cases(2), history=History())) == {State.WITHHELD: 2}


def test_a_guard_that_cannot_check_refuses() -> None:
    plan = plan_of(AB, cases(1), org=org_facts(api_left=None))
    assert states(plan) == {State.WITHHELD: 1}
    assert "api_budget cannot be checked" in plan.refusals[0].reason


@pytest.mark.parametrize(("api_left", "state"), [(10, State.PLANNED), (9, State.WITHHELD)])
def test_a_plan_that_costs_more_than_its_share_of_the_calls_left_is_withheld(api_left: int, state: State) -> None:
    plan = plan_of(policy(route("a", is_("a")), guards=guarded(budget=20)), cases(1), org=org_facts(api_left=api_left))
    assert states(plan) == {state: 1}


def test_a_withheld_route_uses_none_of_the_api_budget() -> None:
    """`a` is withheld for its number, so only `b` counts for the api_budget."""
    two = replace(AB, guards=guarded(max_cases=300, budget=20))
    plan = plan_of(two, [*cases(601, "a"), *cases(1, "b", 5000)], org=org_facts(api_left=15))
    assert states(plan, "a") == {State.WITHHELD: 601}
    assert states(plan, "b") == {State.PLANNED: 1}


def test_guards_count_the_matches_left_after_the_options() -> None:
    tight = policy(route("a", is_("a")), guards=guarded(max_cases=2))
    assert states(plan_of(tight, cases(5), RunOptions(limit=2))) == {State.PLANNED: 2, State.DEFERRED: 3}
    assert not plan_of(tight, cases(5), RunOptions(backlog="adopt"), History()).refusals


def test_a_guard_that_withholds_a_route_leaves_the_limit_to_the_others() -> None:
    two = replace(AB, guards=guarded(max_cases=3))
    plan = plan_of(two, [*cases(9, "a"), *cases(3, "b", 50)], RunOptions(limit=4))
    assert State.PLANNED not in states(plan, "a")
    assert states(plan, "b") == {State.PLANNED: 3}


def test_escalations_already_done_count_for_no_guard() -> None:
    some = cases(5)
    history = remembering(*(escalation(one, route_name="a") for one in some[:4]), live=["a"])
    plan = plan_of(policy(route("a", is_("a")), guards=guarded(max_cases=1)), some, history=history)
    assert states(plan) == {State.ALREADY: 4, State.PLANNED: 1}


# -- the digest ----------------------------------------------------------------------------------------------------


def digest(of: Policy = AB, some: Iterable[Case] = (), history: History = ALL_LIVE) -> str:
    return plan_of(of, some or cases(2), history=history).digest


def test_the_digest_is_the_same_for_the_same_plan_whatever_the_order_of_the_poll() -> None:
    assert digest(some=cases(5)) == digest(some=reversed(cases(5)))


def test_the_digest_of_a_plan_never_changes_from_version_to_version() -> None:
    """Saved plans, and comparisons of two runs, depend on it."""
    one = policy(route("urgent", priority="Urgent", status="Escalated"), route("base", queue="Billing"))
    some = [case(1), case(2, priority=None), case(3, owner=SUPPORT.id), case(4, status="Escalated", priority="Urgent")]
    found = digest(one, some, remembering(live=["urgent", "base"]))
    assert found == "de6967866fd46d93d5165ae5b4e4cb9f7fe3c2a60b9751bf359a84e395938865"


def test_the_digest_holds_no_texts_ages_or_times() -> None:
    other_text = policy(
        *(
            replace(one, reason="Other", escalate=replace(one.escalate, note=note(x="y")))
            for one in AB.routes
            if one.escalate
        )
    )
    assert digest(other_text) == digest()
    assert digest(some=[replace(one, created=NOW - timedelta(days=9)) for one in cases(2)]) == digest()


def test_the_digest_holds_only_planned_matches() -> None:
    some = cases(3)
    history = remembering(escalation(some[2], route_name="a"), live=["a", "b"])
    assert digest(some=some, history=history) == digest(some=some[:2]) != digest(some=some)


@pytest.mark.parametrize(
    "other",
    [
        replace(AB, digest="another file"),
        policy(route("a", is_("a"), status="Escalated"), route("b", is_("b"))),
        policy(route("a", is_("a"), priority="Urgent"), route("b", is_("b"))),
        policy(route("a", is_("a"), queue="Billing"), route("b", is_("b"))),
        policy(route("z", is_("a"), formerly=["a"]), route("b", is_("b"))),
    ],
)
def test_another_policy_step_or_route_is_another_digest(other: Policy) -> None:
    assert digest(other) != digest()


def test_another_value_before_is_another_digest() -> None:
    some = cases(1)
    assert digest(some=some) != digest(some=[replace(some[0], owner_id="005000000000009AAA")])


def test_every_match_is_counted_exactly_once() -> None:
    some = [*cases(3, "a"), *cases(2, "b", 50), *cases(4, "c", 90)]
    plan = plan_of(AB, some, RunOptions(limit=2))
    matched = [one for one in (judged(in_org(AB), each) for each in some) if isinstance(one, Match)]
    assert len(plan.matches) == len(matched) == 5
    assert sum(states(plan).values()) == len(matched)
