"""The hand-off note: complete, small enough, its key on the last line, and the case's text stays data."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.escalation.note.note import MOST_BYTES, size, write_note
from sfdc_escalator.escalation.note.note_text import harmless, nested, shortened, text_of
from sfdc_escalator.escalation.note.parts import CUTS, Incomplete
from sfdc_escalator.escalation.policy.escalate import NotePart, NoteSpec
from sfdc_escalator.escalation.world.case import Case, Value
from sfdc_escalator.escalation.world.keys import key_of
from tests.builders import NOW, Rendered, case, comment, identity, note, policy, render, route

FORGED = identity(case(99)).line
DESCRIPTION = NotePart("description", ("Description",))
MARKS = ["{{", "{!", "{%", "{#", "{", "}", "!", FORGED, "ESC-", "\n", "\r\n", "\x85", "\u2028", "é" * 50, " "]
HOSTILE = st.one_of(
    st.text(max_size=300),
    st.lists(st.sampled_from(MARKS), max_size=60).map("".join),
    st.integers(1, 9000).map(lambda count: "wörd " * count),
    st.integers(1, 9000).map(lambda count: "\n" * count + "x"),
)  # fmt: skip


def written(spec: NoteSpec, one: Case, findings: tuple[str, ...] = ()) -> str | Incomplete:
    its_route = route(note_spec=spec)
    return write_note(policy(its_route), its_route, one, identity(one), findings, NOW, render)


def text(spec: NoteSpec, one: Case, findings: tuple[str, ...] = ()) -> str:
    result = written(spec, one, findings)
    assert isinstance(result, str), result
    return result


def shows(path: str) -> Rendered:
    """A template that prints one field of the case and nothing else."""
    return lambda context: str(context["case"][path])


def describing(description: Value) -> Case:
    return case(fields={"Description": description})


# -- what a note says ----------------------------------------------------------------------------------------------


def test_the_note_has_its_parts_and_ends_with_the_key_line() -> None:
    said = text(note(DESCRIPTION), describing("No power"))
    assert said == f"ESCALATION support/urgent\n\nDescription:\nNo power\n\n{identity(case()).line}"


def test_a_part_takes_its_first_source_that_has_a_text() -> None:
    part = NotePart("steps", ("Steps__c", "comments.agent", "route.reason"))
    assert "Restarted" in text(note(part), case(fields={"Steps__c": " "}, comments=[comment("Restarted")]))
    assert "Because of urgent." in text(note(part), case(fields={"Steps__c": None}))


def test_a_part_shows_the_last_comments_of_the_named_side() -> None:
    said = [comment(f"agent {number}", minutes_ago=60 - number) for number in range(5)]
    said.append(comment("customer", speaker="customer"))
    part = NotePart("steps", ("comments.agent",), last=2)
    shown = text(note(part), case(comments=said))
    assert "agent 3" in shown
    assert "agent 4" in shown
    assert "agent 2" not in shown
    assert "customer" not in shown
    assert "customer" in text(note(NotePart("they", ("comments.customer",))), case(comments=said))


def test_a_part_can_show_the_texts_of_the_route_and_the_findings() -> None:
    parts = NotePart("help", ("route.help_needed",)), NotePart("why", ("findings",))
    said = text(note(*parts, help_needed="Call back."), case(), ("Priority is High",))
    assert "Help:\nCall back." in said
    assert "Why:\nPriority is High" in said


@pytest.mark.parametrize(
    ("if_missing", "said"),
    [("say_so", "not recorded"), ("tell_owner", "not recorded"), ("Ask the customer.", "Ask the customer.")],
)
def test_a_missing_part_is_named_or_shows_the_sentence_of_the_policy(if_missing: str, said: str) -> None:
    part = NotePart("offers", ("Offers__c",), if_missing)
    assert f"Offers:\n{said}\n" in text(note(part), case())


def test_a_missing_part_can_hold_the_case() -> None:
    result = written(note(NotePart("offers", ("Offers__c", "comments"), "hold")), case())
    assert result == Incomplete("the note's part 'offers' is missing: nothing in Offers__c, comments", ("offers",))


def test_a_template_that_fails_holds_the_case() -> None:
    def broken(context: Mapping[str, Any]) -> str:
        raise ValueError("`case.Nope` is not there")

    assert written(note(template=broken), case()) == Incomplete("the note cannot be written: `case.Nope` is not there")


# -- the size ------------------------------------------------------------------------------------------------------


def test_a_line_end_counts_two_bytes_and_a_letter_its_utf_8_bytes() -> None:
    assert size("a\nb") == 4
    assert size("é\n€") == 7


def room() -> int:
    """The bytes left for the body: the key line and the two line ends before it are reserved first."""
    return MOST_BYTES - len(identity(case()).line) - 4


@pytest.mark.parametrize(("letter", "weight"), [("x", 1), ("é", 2), ("€", 3), ("😀", 4)])
def test_a_note_of_4000_bytes_is_taken_and_one_of_4001_is_not(letter: str, weight: int) -> None:
    body = letter * (room() // weight) + "x" * (room() % weight)
    assert size(text(note(template=lambda _: body), case())) == MOST_BYTES
    assert isinstance(written(note(template=lambda _: body + "x"), case()), Incomplete)


def test_line_ends_of_the_body_count_two() -> None:
    body = "x\n" * (room() // 3) + "x" * (room() % 3)
    assert size(text(note(template=lambda _: body), case())) <= MOST_BYTES
    assert isinstance(written(note(template=lambda _: "\n" + "y" + body + "x"), case()), Incomplete)


def test_a_long_text_is_cut_at_a_word() -> None:
    said = text(note(DESCRIPTION), describing("wonderful " * 1000))
    [line] = [line for line in said.splitlines() if line.startswith("wonderful")]
    assert set(line.removesuffix(" …").split()) == {"wonderful"}
    assert len(line) > 1500


def test_a_long_text_in_one_part_removes_no_other_part() -> None:
    said = text(note(DESCRIPTION, NotePart("offers", ("Offers__c",))), case(fields={"Description": "x" * 32000}))
    assert "Offers:\nnot recorded" in said


def test_texts_of_the_policy_that_are_too_long_hold_the_case() -> None:
    result = written(note(NotePart("help", ("route.help",)), help="x " * 2000), case())
    assert isinstance(result, Incomplete)
    assert "is longer than 4000 bytes" in result.reason


def test_a_required_part_stays_whole_and_the_others_are_cut_to_make_room() -> None:
    one = case(fields={"Steps__c": "step " * 700, "Description": "story " * 700})
    said = text(note(NotePart("steps", ("Steps__c",), "hold"), DESCRIPTION), one)
    assert ("step " * 700).strip() in said
    assert "story \N{HORIZONTAL ELLIPSIS}" in said


def test_required_parts_that_are_too_long_hold_the_case_and_are_named() -> None:
    one = case(fields={"Steps__c": "step " * 900, "Description": "x"})
    result = written(note(NotePart("steps", ("Steps__c",), "hold"), DESCRIPTION), one)
    assert isinstance(result, Incomplete)
    assert result.reason.endswith("cut to 30 characters and 'steps' whole, as required")


def test_a_case_with_very_many_comments_is_escalated() -> None:
    """The comments are cut to make room; long comments must not prevent an escalation."""
    said = [comment(f"step {number}: tried something else", minutes_ago=500 - number) for number in range(400)]
    result = written(note(NotePart("steps_taken", ("comments.agent",))), case(comments=said))
    assert isinstance(result, str), result
    assert "step 399" in result


def test_a_text_too_long_for_the_template_as_a_whole_is_cut_too() -> None:
    """A template may have a limit; the case's text is cut before the case is held."""

    def bounded(context: Mapping[str, Any]) -> str:
        body = str(context["case"]["Description"])
        if len(body) > 100_000:
            raise ValueError("the note grows over 100000 characters")
        return body

    assert isinstance(written(note(template=bounded), describing("word " * 26_000)), str)


@pytest.mark.parametrize("cut", [30, 60, 100])
def test_a_shortened_text_ends_at_a_word_and_a_mark(cut: int) -> None:
    cut_text = shortened("some words and more " * 20, cut)
    assert cut_text.endswith(" …")
    assert len(cut_text) <= cut + 2
    assert cut_text.removesuffix(" …").split()[-1] in {"some", "words", "and", "more"}
    assert shortened("short", cut) == "short"


# -- the case's text is data ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", " \n "])
def test_a_note_without_a_word_holds_the_case(text: str) -> None:
    """A line with a key alone hands nothing over."""
    result = written(note(template=lambda _: text), case())
    assert isinstance(result, Incomplete)
    assert "the note is empty" in result.reason


@pytest.mark.parametrize("placeholder", ["Dear {!Contact.Name}", "Dear {{ name }}", "{{{"])
def test_a_placeholder_that_the_template_left_holds_the_case(placeholder: str) -> None:
    result = written(note(template=lambda _: placeholder), case())
    assert isinstance(result, Incomplete)
    assert "unfilled placeholder" in result.reason


@pytest.mark.parametrize(
    "hostile", ["{{ 7*7 }}", "{!User.Password}", "{% raw %}", "{# x #}", "{{{{", "{{!{{!", "{\x00{"]
)
def test_braces_in_a_cases_text_are_harmless(hostile: str) -> None:
    said = text(note(DESCRIPTION, template=lambda context: context["parts"][0].text), describing(hostile))
    assert "{{" not in said
    assert "{!" not in said
    assert "{%" not in said
    assert "{#" not in said


@pytest.mark.parametrize("value", [frozenset({"{{ 7*7 }}"}), frozenset({"{!x}", "y"})])
def test_braces_in_a_multi_picklist_are_harmless(value: Value) -> None:
    assert isinstance(written(note(DESCRIPTION), describing(value)), str)


@pytest.mark.parametrize("follows", ["!", "{", "!x", "{{"])
def test_a_brace_at_the_end_of_a_cases_text_makes_no_placeholder_with_what_follows(follows: str) -> None:
    """The template's own `!` and the next field's first letter are not reason to hold a case."""
    one = case(fields={"Subject": "Hi {", "Description": follows})
    after = follows if follows in "!{" else None
    spec = note(template=lambda seen: f"About: {seen['case']['Subject']}{after or seen['case']['Description']}")
    assert isinstance(written(spec, one), str)


@pytest.mark.parametrize(
    "end", ["", "\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x00", "\ufeff"]
)
@pytest.mark.parametrize("forged", [FORGED, FORGED.lower(), "ESC-" + FORGED])
def test_a_cases_text_cannot_forge_a_key(forged: str, end: str) -> None:
    one = case(
        fields={"Description": f"bye{end}{forged}{end}"}, comments=[comment(f"x{end}{forged}", speaker="customer")]
    )
    said = text(
        note(DESCRIPTION, NotePart("they", ("comments",)), NotePart("why", ("findings",))), one, (f"a{end}{forged}",)
    )
    assert key_of(said) == identity(one).key
    assert identity(case(99)).key not in said.upper()
    for line in said.splitlines()[:-1]:
        assert key_of(line) is None


def test_control_characters_become_spaces_and_lines_stay_lines() -> None:
    assert harmless("a\x00b\x1bc\x7fd\x85e") == "a b c d e"
    assert harmless("a\r\nb\rc\nd\te") == "a\nb\nc\nd\te"


def test_a_text_with_half_a_surrogate_pair_gives_a_note() -> None:
    """Half of a pair of surrogates, as JSON may hold it, has no place in UTF-8."""
    assert isinstance(written(note(DESCRIPTION), describing("broken \ud83d emoji")), str)


@given(st.dictionaries(st.sampled_from(["Subject", "Description", "Steps__c"]), HOSTILE), st.lists(HOSTILE, max_size=3))
@settings(max_examples=120, deadline=None)
def test_for_any_text_of_a_case_its_note_is_short_enough_and_ends_with_its_key(
    fields: dict[str, str], said: list[str]
) -> None:
    parts = DESCRIPTION, NotePart("steps", ("Steps__c", "comments"), last=3), NotePart("why", ("findings",))
    one = case(fields=fields, comments=[comment(body) for body in said])
    result = text(note(*parts), one, tuple(said))
    assert size(result) <= MOST_BYTES
    assert result.splitlines()[-1] == result.split("\n")[-1] == identity(one).line
    assert key_of(result) == identity(one).key
    assert "{{" not in result
    assert "{!" not in result


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (3, "3"),
        (2.5, "2.5"),
        (NOW, "2026-03-02 15:00 UTC"),
        (NOW.date(), "2026-03-02"),
        (frozenset({"b", "a"}), "a; b"),
    ],
)
def test_each_value_has_one_form_in_a_note(value: Value, shown: str) -> None:
    assert text_of(value) == shown


def test_a_field_of_another_record_is_reached_by_its_path() -> None:
    tree = nested({"Account.Name": "Acme", "Account.Owner.Name": "Kim", "Subject": "x"})
    assert tree["Account"]["Name"] == tree["Account.Name"] == "Acme"
    assert tree["Account"]["Owner"]["Name"] == "Kim"
    assert tree["Subject"] == "x"


def test_a_template_reads_the_case_whether_or_not_the_policy_asks_for_the_field() -> None:
    for path, shown in [("CaseNumber", "00000001"), ("Status", "New"), ("Priority", "Medium"), ("Subject", "It broke")]:
        assert text(note(template=shows(path)), case()).startswith(shown)


def test_the_names_of_a_route_are_not_replaced_by_its_texts() -> None:
    spec = note(
        template=lambda context: f"{context['route']['name']} {context['route']['reason']}", name="x", reason="y"
    )
    assert text(spec, case()).startswith("urgent Because of urgent.")


def test_two_cases_have_two_keys() -> None:
    spec = note()
    assert key_of(text(spec, case(1))) != key_of(text(spec, replace(case(2), number="00000001")))


# -- the work to make a note ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", [None, 3_000, 500, 60])
def test_a_note_is_rendered_a_few_times_only(room: int | None) -> None:
    """Also one for which there is never room."""
    count = 0

    def padded(context: Mapping[str, Any]) -> str:
        nonlocal count
        count += 1
        return "x" * (MOST_BYTES + 1 if room is None else MOST_BYTES - room) + str(context["case"]["Description"])

    result = written(note(template=padded), describing("word " * 5_000))
    assert isinstance(result, Incomplete) is (room is None or room == 60)
    assert count <= 6


@given(st.lists(HOSTILE, max_size=12), st.integers(0, 3_900))
def test_the_longest_texts_for_which_there_is_room_are_kept(findings: list[str], filled: int) -> None:
    """The same note as when every length is tried, from the longest on."""

    def padded(context: Mapping[str, Any]) -> str:
        return "x" * (filled + 1) + "".join(context["findings"])

    one = case()
    key_line = identity(one).line
    bodies = ("x" * (filled + 1) + "".join(shortened(harmless(each), cut) for each in findings) for cut, _ in CUTS)
    notes = (f"{body.strip()}\n\n{key_line}" for body in bodies)
    expected = next((each for each in notes if size(each) <= MOST_BYTES), None)
    result = written(note(template=padded), one, tuple(findings))
    if expected is None:
        assert isinstance(result, Incomplete)
    elif "{!" not in expected and "{{" not in expected:
        assert result == expected


@given(st.text(max_size=120), st.integers(1, 100), st.integers(1, 100))
def test_a_shorter_cut_never_makes_a_longer_text(text: str, one: int, other: int) -> None:
    short, long = sorted((one, other))
    assert len(shortened(text, short).encode("utf-8", "replace")) <= len(shortened(text, long).encode())
