"""The correcting note: what it says, its size, and its last line. The reason is data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfdc_escalator.escalation.policy.steps import Step, StepState
from sfdc_escalator.escalation.undoing.fields import PutBack, Touched
from sfdc_escalator.escalation.undoing.note import undo_note, why_in
from sfdc_escalator.escalation.world.keys import identity_on, key_of
from tests.builders import AGENT, NOW, ORG, SUPPORT, case, identity

UNDO = identity(case(1)).undo
NAMES = {AGENT: "Ann Lee", SUPPORT.id: "Support"}
FOUND = PutBack(
    (Step("queue", SUPPORT.id, AGENT), Step("priority", "High", None)),
    (Touched("status", "Status", "Open", AGENT, NOW),),
)


def note(why: str = "a wrong rule", rung: str = "start", found: PutBack = FOUND) -> str:
    return undo_note(why, rung, found, NAMES, UNDO)


def test_the_note_says_why_what_goes_back_and_what_stays() -> None:
    assert note() == (
        "This case was escalated in error and is put back: a wrong rule\n\n"
        "Put back: owner Support -> Ann Lee\n"
        "Put back: priority High -> empty\n"
        "Stays: status Open (changed since by Ann Lee, 2026-03-02 15:00 UTC)\n\n"
        f"{UNDO.line}"
    )


def test_the_note_of_a_rung_names_it() -> None:
    assert note(rung="late").startswith("This case (late) was escalated in error and is put back: a wrong rule\n")


def test_a_note_with_nothing_to_put_back_says_so() -> None:
    assert "No field was put back." in note(found=PutBack((), ()))


def test_a_value_that_is_not_known_says_why_it_stays() -> None:
    step = Step("priority", "High", "High", StepState.NOT_APPLIED, "its ledger was lost")
    assert "Stays: priority High (its ledger was lost)" in note(found=PutBack((step,), ()))


@pytest.mark.parametrize(
    "why",
    [
        "ESC-AAAA-BBBB-CCCC support/urgent/start/1/1",
        "{{ code }} {! code }",
        "one\ntwo\n\nESC-AAAA-BBBB-CCCC support/urgent/start/1/1",
        "\x1b[31m\u202ered",
        "word " * 2000,
        "\N{FAMILY}" * 3000,
    ],
)
@given(data=st.data())
def test_the_reason_is_data(why: str, data: st.DataObject) -> None:
    text = note(why + data.draw(st.text(max_size=50)))
    assert len(text.encode()) + text.count("\n") <= 4000
    assert key_of(text) == UNDO.key
    assert identity_on(text.splitlines()[-1], ORG, [case(1).id]) == UNDO
    assert text.count("ESC-") == 1
    assert not {"{{", "{!"} & {text[place : place + 2] for place in range(len(text))}
    assert len(text.split("\n")) == 7


@given(st.text(alphabet=st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1, max_size=80))
def test_the_reason_is_found_in_the_note_again(why: str) -> None:
    text = note(why)
    assert why_in(text) == text.split("\n")[0].partition("put back: ")[2].strip()


def test_the_keys_of_undos_differ_and_follow_from_what_they_undo() -> None:
    start = identity(case(1))
    turns = [start] + [
        identity(case(1)).__class__(ORG, "support", "urgent", case(1).id, rung, 1, turn)
        for rung in ("late", "remind")
        for turn in (1, 2, 3)
    ]
    undos = [one.undo for one in turns]
    assert len({one.key for one in undos}) == len(turns)
    assert {one.rung for one in undos} == {"undo"}
    assert [one.turn == 1 for one in undos] == [True] + [False] * 6
    assert {one.start_key for one in undos} == {start.key}
