"""The begin of a new episode, the messages that count for it, and routes that only notify people."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.related import Related
from sfdc_escalator.escalation.conditions.kinds.spoke import Spoke
from sfdc_escalator.escalation.conditions.kinds.text import Text
from sfdc_escalator.escalation.conditions.speech.words import parse_phrase
from sfdc_escalator.escalation.conditions.tree import All, AnyOf
from sfdc_escalator.escalation.decisions.decide import NOTIFIES_ONLY, OLD_MESSAGES, decide, reasons_against
from sfdc_escalator.escalation.decisions.match import Match, NoMatch
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.explaining.explanation import explain
from sfdc_escalator.escalation.policy.policy import Policy, Route
from sfdc_escalator.escalation.world.case import Case, Comment, Value
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.keys import Identity
from sfdc_escalator.escalation.world.needs import Records
from tests.builders import (
    AGENT,
    NOW,
    ORG,
    SUPPORT,
    case,
    comment,
    email,
    escalation,
    in_org,
    policy,
    remembering,
    route,
    values,
)

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
RETURNS = Records("ReturnOrders", ("Status",), "Contact")
TWO_RETURNS: Condition = Related(RETURNS, "at_least", 2, Field("Status", "is_not", "Cancelled"), timedelta(days=365))
REPEATED = policy(route("repeated", TWO_RETURNS, rearm="new_record"))


def returned(*hours_ago: float, cancelled: Sequence[float] = ()) -> Case:
    """A case whose contact returned items these numbers of hours ago."""
    kept: list[Mapping[str, Value]] = [made(hours, None) for hours in hours_ago]
    return replace(case(), related={RETURNS: (*kept, *(made(hours, "Cancelled") for hours in cancelled))})


def made(hours_ago: float, status: str | None) -> Mapping[str, Value]:
    return {"CreatedDate": NOW - hours_ago * HOUR, "Status": status}


def escalated(
    hours_ago: float, state: EscalationState = EscalationState.APPLIED, name: str = "repeated", episode: int = 1
) -> Escalation:
    """An escalation by that route this number of hours ago."""
    key = Identity(ORG, "support", name, case().id, episode=episode).key
    tried_at = NOW - hours_ago * HOUR
    return replace(escalation(case(), state, name), key=key, episode=episode, tried_at=tried_at)


def verdict(of: Policy, one: Case, *escalations: Escalation, now: datetime = NOW) -> Match | NoMatch:
    return decide(in_org(of, remembering(*escalations), now=now), one)


def ended(of: Policy, one: Case, *escalations: Escalation) -> tuple[State, int]:
    """The end of the match, and its episode."""
    found = verdict(of, one, *escalations)
    assert isinstance(found, Match)
    return found.state, found.identity.episode


# -- rearm: after a time --------------------------------------------------------------------------------------------


def test_a_route_with_rearm_escalates_an_open_case_in_each_new_episode() -> None:
    """A later episode supersedes the one before, which must not prevent later ones."""
    of = policy(route("again", Field("Subject", "is", "x"), rearm=HOUR))
    first = replace(escalated(9, EscalationState.SUPERSEDED, "again"), ended_at=NOW - 8 * HOUR)
    second = replace(escalated(5, EscalationState.APPLIED, "again", 2), ended_at=NOW - 2 * HOUR)
    matching = replace(case(), fields={**case().fields, "Subject": "x"})
    assert ended(of, matching, first, second) == (State.PLANNED, 3)
    assert ended(of, matching, first, replace(second, ended_at=NOW - HOUR / 2)) == (State.ALREADY, 2)
    assert ended(of, matching, first, replace(second, ended_at=None)) == (State.ALREADY, 2)


# -- rearm: new_record ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "state", "episode"),
    [
        (returned(9, 7), State.ALREADY, 1),  # the same two
        (returned(9, 7, 5), State.ALREADY, 1),  # the third was there already
        (returned(9, 7, 3), State.PLANNED, 2),  # a third one came
        (returned(9, 3), State.PLANNED, 2),  # one went, another came
        (returned(9, 7, 4), State.ALREADY, 1),  # made in the very second of the escalation
        (returned(9, 7, 4 - 1 / 3600), State.PLANNED, 2),
        (returned(9, 7, cancelled=[3]), State.ALREADY, 1),  # one that the route does not count
        (returned(9, 7, 3, 2, 1), State.PLANNED, 2),  # many new ones are one new episode
    ],
)
def test_only_a_new_record_that_the_route_counts_begins_a_new_episode(one: Case, state: State, episode: int) -> None:
    assert ended(REPEATED, one, escalated(4)) == (state, episode)


def test_each_new_record_is_escalated_once() -> None:
    first, second = escalated(6), escalated(3, episode=2)
    assert ended(REPEATED, returned(9, 7, 5), first) == (State.PLANNED, 2)
    assert ended(REPEATED, returned(9, 7, 5), first, second) == (State.ALREADY, 2)
    assert ended(REPEATED, returned(9, 7, 5, 1), first, second) == (State.PLANNED, 3)


def test_a_new_episode_has_a_key_of_its_own() -> None:
    before = escalated(4)
    found = verdict(REPEATED, returned(9, 7, 3), before)
    assert isinstance(found, Match)
    assert found.key != before.key
    assert found.key == escalated(0, episode=2).key


@pytest.mark.parametrize("rearm", [None, timedelta(hours=1)])
def test_without_rearm_new_record_a_new_record_begins_no_new_episode(rearm: timedelta | None) -> None:
    of = policy(route("repeated", TWO_RETURNS, rearm=rearm))
    assert ended(of, returned(9, 7, 3), escalated(4)) == (State.ALREADY, 1)


def test_with_new_record_time_alone_begins_no_new_episode() -> None:
    before = replace(escalated(4000), ended_at=NOW - 3000 * HOUR)
    assert ended(REPEATED, returned(4900, 4800), before) == (State.ALREADY, 1)


@pytest.mark.parametrize("state", [EscalationState.APPLIED, EscalationState.ADOPTED])
def test_a_new_record_counts_after_adoption_too_and_under_a_former_name(state: EscalationState) -> None:
    of = policy(route("again", TWO_RETURNS, rearm="new_record", formerly=["repeated"]))
    assert ended(of, returned(9, 7), escalated(4, state)) == (State.ALREADY, 1)
    assert ended(of, returned(9, 7, 3), escalated(4, state)) == (State.PLANNED, 2)


@pytest.mark.parametrize("state", [EscalationState.UNKNOWN, EscalationState.SENDING])
def test_a_new_record_does_not_resend_an_unknown_outcome(state: EscalationState) -> None:
    assert ended(REPEATED, returned(9, 7, 3), escalated(4, state)) == (State.UNKNOWN, 1)


def test_a_new_record_is_looked_for_inside_lists_of_alternatives() -> None:
    of = policy(route("repeated", AnyOf((Field("Subject", "is", "x"), All((TWO_RETURNS,)))), rearm="new_record"))
    assert ended(of, returned(9, 7, 3), escalated(4)) == (State.PLANNED, 2)


# -- newer words ---------------------------------------------------------------------------------------------------

CALL: Condition = Text(("Subject", "comments.customer", "emails.customer"), (parse_phrase("call me"),))
CALLING = policy(route("call", CALL))


def saying(*said: Comment, subject: str = "It broke", created: datetime = NOW - 10 * HOUR) -> Case:
    return case(fields={"Subject": subject}, created=created, comments=said)


def word(hours_ago: float, body: str = "call me") -> Comment:
    return replace(comment(body, speaker="customer"), at=NOW - hours_ago * HOUR)


@pytest.mark.parametrize(
    ("one", "fits"),
    [
        (saying(word(5)), False),  # said before
        (saying(word(4)), False),  # said in that very second
        (saying(word(4 - 1 / 3600)), True),
        (saying(word(5), word(3)), True),  # said again
        (saying(word(5), word(3, "thank you")), False),  # something else was said
        (saying(word(5), email("call me")), True),
        (saying(subject="Call me"), False),  # a field is as old as its case
        (saying(subject="Call me", created=NOW - 3 * HOUR), True),
    ],
)
@pytest.mark.parametrize("state", [EscalationState.CLOSED, EscalationState.APPLIED])
def test_only_messages_after_the_last_escalation_begin_a_new_episode(
    one: Case, fits: bool, state: EscalationState
) -> None:
    """Closed and opened again, or armed again: old messages alone are not a reason to escalate again."""
    before = replace(escalated(4, state, "call"), ended_at=NOW - 3 * HOUR)
    of = policy(route("call", CALL, rearm=HOUR))
    found = verdict(of, one, before)
    assert isinstance(found, Match) is fits
    if isinstance(found, Match):
        assert (found.state, found.identity.episode) == (State.PLANNED, 2)
    else:
        assert reasons_against(in_org(of, remembering(before)), one)["call"].endswith(OLD_MESSAGES)


def test_the_last_of_several_escalations_counts_in_any_order() -> None:
    escalations = [escalated(8, EscalationState.CLOSED, "call"), escalated(4, EscalationState.CLOSED, "call", 2)]
    for order in (escalations, escalations[::-1]):
        assert isinstance(verdict(CALLING, saying(word(6)), *order), NoMatch)
        assert ended(CALLING, saying(word(3)), *order) == (State.PLANNED, 3)


@pytest.mark.parametrize(
    "before",
    [
        replace(escalated(4, EscalationState.REJECTED, "call"), attempts=1),
        escalated(4, EscalationState.PLANNED, "call"),
        escalated(4, EscalationState.APPLIED, "below"),
        replace(escalated(4, EscalationState.APPLIED, "call"), policy="billing"),
    ],
)
def test_messages_stay_new_after_an_escalation_that_was_not_written_or_by_another_route(before: Escalation) -> None:
    of = policy(route("call", CALL), route("below", AnyOf(())))
    assert ended(of, saying(word(5)), before) == (State.PLANNED, 1)


def test_messages_stay_old_when_the_route_is_renamed() -> None:
    renamed = policy(route("ring", CALL, formerly=["call"]))
    assert isinstance(verdict(renamed, saying(word(5)), escalated(4, EscalationState.CLOSED, "call")), NoMatch)
    assert ended(renamed, saying(word(3)), escalated(4, EscalationState.CLOSED, "call")) == (State.PLANNED, 2)


def test_an_open_episode_is_found_also_when_its_messages_are_old() -> None:
    assert ended(CALLING, saying(word(5)), escalated(4, name="call")) == (State.ALREADY, 1)


def test_a_route_without_a_text_condition_begins_a_new_episode_without_messages() -> None:
    of = policy(route("call", Field("Status", "is", "New")))
    assert ended(of, saying(), escalated(4, EscalationState.CLOSED, "call")) == (State.PLANNED, 2)


def test_a_route_with_only_old_messages_leaves_the_case_to_the_routes_below() -> None:
    of = policy(route("call", CALL), route("new", Field("Status", "is", "New")))
    found = verdict(of, saying(word(5)), escalated(4, EscalationState.CLOSED, "call"))
    assert isinstance(found, Match)
    assert (found.route.name, found.state) == ("new", State.PLANNED)


def test_spoke_since_the_escalation_uses_the_routes_own_escalation() -> None:
    of = policy(route("call", Spoke("customer", "escalation")), route("below", AnyOf(())))
    assert isinstance(verdict(of, saying(word(5)), escalated(4, EscalationState.CLOSED, "call")), NoMatch)
    assert isinstance(verdict(of, saying(word(3)), escalated(4, EscalationState.CLOSED, "below")), NoMatch)
    assert ended(of, saying(word(3)), escalated(4, EscalationState.CLOSED, "call")) == (State.PLANNED, 2)


# -- routes that only tell people ----------------------------------------------------------------------------------


def telling(name: str, when: Condition) -> Route:
    return replace(route(name, when), escalate=None)


NEW: Condition = Field("Status", "is", "New")
URGENT: Condition = Field("Priority", "is", "Urgent")


def test_a_route_that_only_notifies_people_takes_no_step() -> None:
    of = policy(telling("tell", NEW))
    found = verdict(of, case())
    assert isinstance(found, Match)
    assert (found.route.name, found.state, found.steps) == ("tell", State.ALREADY, ())
    assert reasons_against(in_org(of), case()) == {"tell": NOTIFIES_ONLY}


def test_a_route_that_only_notifies_people_keeps_the_case_from_the_routes_below() -> None:
    """First match wins; and each route has its own reason."""
    of = policy(route("top", URGENT), telling("tell", NEW), route("base", NEW), telling("last", NEW))
    found = verdict(of, case())
    assert isinstance(found, Match)
    assert (found.route.name, found.state) == ("tell", State.ALREADY)
    reasons = reasons_against(in_org(of), case())
    assert reasons["top"].startswith("Priority is Medium")
    assert (reasons["tell"], reasons["last"]) == (NOTIFIES_ONLY, NOTIFIES_ONLY)
    assert reasons["base"] == "it matches; the route tell comes first, and takes no step"


@pytest.mark.parametrize("priority", ["Urgent", "Low"])
def test_a_route_that_only_notifies_people_comes_first_only_where_it_matches(priority: str) -> None:
    found = verdict(policy(telling("tell", URGENT), route("base", NEW)), case(priority=priority))
    assert isinstance(found, Match)
    assert (found.route.name, found.state) == (
        ("tell", State.ALREADY) if priority == "Urgent" else ("base", State.PLANNED)
    )


def test_a_route_above_one_that_only_notifies_people_escalates() -> None:
    found = verdict(policy(route("base", NEW), telling("tell", NEW)), case())
    assert isinstance(found, Match)
    assert (found.route.name, found.state) == ("base", State.PLANNED)


def test_values_of_our_own_steps_notify_nobody() -> None:
    """Our own queue step raised the priority; the escalation of the route below still counts."""
    wrote = values(SUPPORT.id, "New", "Urgent")
    below = escalation(case(), EscalationState.APPLIED, "base", before=values(AGENT, "New", "Medium"), wrote=wrote)
    of = policy(telling("tell", URGENT), route("base", NEW))
    found = verdict(of, case(owner=SUPPORT.id, priority="Urgent"), below)
    assert isinstance(found, Match)
    assert (found.route.name, found.state) == ("base", State.ALREADY)


def test_an_explanation_says_that_a_matching_route_only_notifies_people() -> None:
    seen = in_org(policy(telling("tell", NEW), telling("urgent", URGENT)), remembering(live=["tell", "urgent"]))
    fits, does_not = explain(seen, case(), decide(seen, case()))
    assert (fits.matches, fits.obstacles) == (True, (NOTIFIES_ONLY,))
    assert (does_not.matches, does_not.obstacles) == (False, ())


def test_a_route_that_only_notifies_people_reads_its_condition_and_no_note() -> None:
    assert policy(telling("tell", URGENT)).needs() == {"IsClosed", "Priority"}


def test_a_field_of_the_scope_keeps_a_case_out_only_once_it_was_read() -> None:
    of = in_org(policy(route(), scope=[Field("Origin", "is", "Web")]))
    other, ours = case(fields={"Origin": "Phone"}), case(fields={"Origin": "Web"})
    assert (of.is_outside(other), of.is_outside(other, frozenset({"Origin"})), of.is_outside(ours)) == (
        True,
        False,
        False,
    )
