"""An order is plain data: it becomes JSON and comes back equal, for every text in it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.escalation.decisions.order import Order, Post
from sfdc_escalator.escalation.decisions.order_json import canonical, order_json, order_of
from sfdc_escalator.escalation.policy.steps import FIELD_STEPS, NOTE, Step, StepState
from sfdc_escalator.escalation.world.escalation import Escalation, EscalationState
from sfdc_escalator.escalation.world.keys import Identity
from sfdc_escalator.escalation.world.ladder_facts import Acknowledged, LadderFacts, Moved
from tests.builders import planned, policy, route


def is_one_text(text: str) -> bool:
    """Texts without two adjacent halves of a surrogate pair, which JSON reads as one character."""
    return not any("\ud800" <= a <= "\udbff" and "\udc00" <= b <= "\udfff" for a, b in pairwise(text))


HALF = st.sampled_from(["\ud83d", "\ude00", "\x00", "\x85", "\u2028", '"', "\\", "\\ud83d", "{{", "</script>", "\r\n"])
TEXT = st.one_of(st.text(max_size=40), st.lists(HALF, max_size=6).map("".join)).filter(is_one_text)
MAYBE = st.none() | TEXT
VALUES = st.dictionaries(st.sampled_from(["OwnerId", "Status", "Priority"]) | TEXT, MAYBE, max_size=4)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(-timedelta(hours=3))])
TIMES = st.none() | st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=ZONES)  # noqa: DTZ001
COUNTS = st.integers(0, 10**12)
NAME = st.text(max_size=20)
IDENTITIES = st.builds(Identity, NAME, NAME, NAME, NAME, NAME, COUNTS, COUNTS)
STATES = st.sampled_from(StepState)
PLANNED_STEPS = st.builds(Step, st.sampled_from([one.key for one in FIELD_STEPS]), MAYBE, MAYBE, STATES, TEXT)
NOTE_STEPS = st.builds(Step, st.just(NOTE), st.none(), TEXT, STATES)
AWARE = st.datetimes(datetime(1970, 1, 2), datetime(2900, 1, 1), timezones=ZONES)  # noqa: DTZ001
MOVED = st.builds(Moved, AWARE, st.timedeltas(timedelta(), timedelta(days=9_999)), TEXT)
LADDERS = st.none() | st.builds(
    LadderFacts,
    st.none() | AWARE,
    st.none() | AWARE,
    st.none() | st.builds(Acknowledged, AWARE, MAYBE, TEXT),
    st.dictionaries(TEXT, MOVED, max_size=2),
    st.lists(TEXT, max_size=2).map(tuple),
)
ESCALATIONS = st.builds(
    Escalation,
    TEXT,
    TEXT,
    TEXT,
    TEXT,
    st.sampled_from(EscalationState),
    TEXT,
    COUNTS,
    COUNTS,
    st.none() | VALUES,
    st.none() | VALUES,
    COUNTS,
    TIMES,
    TEXT,
    TEXT,
    TIMES,
    LADDERS,
    TIMES,
    TEXT,
)
ORDERS = st.builds(
    Order,
    IDENTITIES,
    TEXT,
    TEXT,
    TEXT,
    st.lists(TEXT, max_size=3).map(tuple),
    st.tuples(NOTE_STEPS) | st.tuples(NOTE_STEPS, PLANNED_STEPS) | st.tuples(NOTE_STEPS, PLANNED_STEPS, PLANNED_STEPS),
    VALUES,
    st.booleans(),
    st.none() | st.builds(Post, TEXT, TEXT, TEXT),
    st.booleans(),
    st.lists(ESCALATIONS, max_size=2).map(tuple),
    COUNTS,
    COUNTS,
    st.lists(TEXT, max_size=2).map(tuple),
    TEXT,
    LADDERS,
    TIMES,
    TIMES,
    TEXT,
    st.lists(ESCALATIONS, max_size=1).map(tuple),
    st.none() | ESCALATIONS,
)


@given(ORDERS)
@settings(max_examples=200, deadline=None)
def test_an_order_comes_back_equal_from_its_canonical_text(order: Order) -> None:
    text = canonical(order_json(order))
    assert order_of(json.loads(text)) == order
    assert text.encode("utf-8").decode("utf-8") == text
    assert canonical(json.loads(text)) == text


def test_the_note_is_once_in_the_text() -> None:
    order = planned(1, policy(route(status="Escalated", priority="Urgent")))
    assert canonical(order_json(order)).count(json.dumps(order.note)) == 1


def test_an_order_holds_plain_values_only() -> None:
    """An order holds no policy, case, template or function."""

    def plain(value: Any) -> bool:
        if isinstance(value, dict):
            return all(map(plain, value.values()))
        return all(map(plain, value)) if isinstance(value, list) else isinstance(value, (str, int, bool, type(None)))

    assert plain(order_json(planned(1)))


def without(key: str) -> Callable[[dict[str, Any]], Any]:
    return lambda found: {name: value for name, value in found.items() if name != key}


@pytest.mark.parametrize(
    "broken",
    [
        without("note"),
        without("steps"),
        lambda found: found | {"turn": 2},
        lambda found: found | {"steps": [found["steps"][0] | {"step": "dance"}]},
        lambda found: found | {"before": None},
        lambda found: found | {"takes_over": [{}]},
        lambda _: [],
        lambda _: None,
    ],
)
def test_anything_but_an_order_is_a_value_error(broken: Callable[[dict[str, Any]], Any]) -> None:
    with pytest.raises(ValueError, match=r"order|dance"):
        order_of(broken(order_json(planned(1))))
