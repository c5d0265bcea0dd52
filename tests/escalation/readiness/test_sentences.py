"""Each kind of gap has one sentence, made from its data."""

import re

import pytest

from sfdc_escalator.errors import Problem
from sfdc_escalator.escalation.readiness.gap import Gap, GapKind, once_each
from sfdc_escalator.escalation.readiness.sentences import SENTENCES, message, problem, reason

QUEUE = Gap(
    GapKind.QUEUE, "Leds", ("queue",), nearest="Leads", allowed=("Leads", "Billing"), routes=("a",), file="p.yaml"
)


def values_of(kind: GapKind) -> dict[str, str]:
    return {name: name.upper() for name in re.findall(r"{(\w+)", SENTENCES[kind])} | {"where": "here"}


def test_every_kind_has_a_sentence() -> None:
    assert set(SENTENCES) == set(GapKind)


@pytest.mark.parametrize("kind", list(GapKind))
def test_a_sentence_is_filled_completely(kind: GapKind) -> None:
    text = message(Gap(kind, "subject", values=values_of(kind), routes=("one", "two")))
    assert not re.search(r"[{}](?!\w*`)", text)
    assert "None" not in text


def test_a_problem_has_message_place_found_expected_and_nearest() -> None:
    assert problem(QUEUE, (3, 7)) == Problem(
        "this org has no queue 'Leds' for cases (required by route a)",
        "p.yaml", 3, 7, "Leds", "one of Leads, Billing", "Leads",
    )  # fmt: skip


def test_the_reason_in_a_run_names_no_route() -> None:
    assert reason(QUEUE) == "this org has no queue 'Leds' for cases; did you mean Leads?"


def test_too_many_names_are_not_listed() -> None:
    many = Gap(GapKind.QUEUE, "x", allowed=tuple(map(str, range(13))), routes=("a",))
    types = Gap(GapKind.VALUE_OF_RECORD_TYPE, "x", values={"field": "Status", "record_types": tuple("abcdefghijklm")})
    assert problem(many).expected is None
    assert "a, b, c, d, e, f, g, h, i, j, ..." in message(types)


def test_the_same_gap_of_several_routes_is_one_gap() -> None:
    other = Gap(GapKind.QUEUE, "Leds", ("queue",), nearest="Leads", allowed=QUEUE.allowed, routes=("b",), file="p.yaml")
    foreign = Gap(GapKind.QUEUE, "Leds", ("queue",), routes=("b",), file="q.yaml")
    assert [(gap.file, gap.routes) for gap in once_each([QUEUE, other, QUEUE, foreign])] == [
        ("p.yaml", ("a", "b")),
        ("q.yaml", ("b",)),
    ]


def test_braces_in_a_value_stay_as_they_are() -> None:
    gap = Gap(GapKind.PLACEHOLDER, "Escalations", values={"placeholder": "{!Case.Subjct}"}, routes=("a",))
    assert message(gap).startswith("the Quick Text 'Escalations' holds {!Case.Subjct}, which")
