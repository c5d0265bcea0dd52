"""Quick Texts: the choice of one, its placeholders, and text of the case in it, which stays data."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.escalation.conditions.comparison import fold
from sfdc_escalator.escalation.conditions.tables import Row, Table
from sfdc_escalator.escalation.decisions.match import Match
from sfdc_escalator.escalation.decisions.outcome import State
from sfdc_escalator.escalation.note.note import MOST_BYTES, size, write_note
from sfdc_escalator.escalation.note.parts import Incomplete
from sfdc_escalator.escalation.note.quick_texts import (
    chosen_text,
    filled_sentence,
    possible_names,
    possible_texts,
    quick_text_paths,
    unknown_placeholders,
)
from sfdc_escalator.escalation.policy.escalate import NotePart, NoteSpec
from sfdc_escalator.escalation.world.case import Case, Value
from sfdc_escalator.escalation.world.keys import key_of
from tests.builders import NOW, case, identity, in_org, judged, org_facts, policy, render, route
from tests.builders import note as note_spec

NAMES = ("HIP urgent", "Escalations")
OFFERS = NotePart("offers", ("Offers__c",))
HELP = NotePart("help_needed", ("route.help_needed",))


def spec(*parts: NotePart, quick_texts: tuple[str | Table[str], ...] = NAMES, **texts: str) -> NoteSpec:
    return replace(note_spec(*parts), quick_texts=quick_texts, texts=texts)


def written(messages: Mapping[str, str], one: Case | None = None, by: NoteSpec | None = None) -> str | Incomplete:
    """The note of a case, with the Quick Texts that the org has."""
    one, its_route = one or case(), route(note_spec=by or spec())
    kept = {fold(name): message for name, message in messages.items()}
    return write_note(policy(its_route), its_route, one, identity(one), ("Priority is High",), NOW, render, kept)


def text(message: str, one: Case | None = None, by: NoteSpec | None = None) -> str:
    """The note from this Quick Text, without its key line."""
    result = written({"Escalations": message}, one, by)
    assert isinstance(result, str), result
    return result.removesuffix(f"\n\n{identity(one or case()).line}")


# -- which one -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("messages", "taken"),
    [
        ({"HIP urgent": "own", "Escalations": "general"}, "own"),
        ({"Escalations": "general", "HIP urgent": "own"}, "own"),
        ({"Escalations": "general"}, "general"),
        ({"HIP urgent": "  \r\n ", "Escalations": "general"}, "general"),
        ({" hip URGENT ": "own"}, "own"),
        ({"HIP other": "of another route", "Escalations": ""}, None),
        ({}, None),
    ],
)
def test_the_routes_quick_text_comes_first_then_escalations_then_the_template(
    messages: Mapping[str, str], taken: str | None
) -> None:
    result = written(messages)
    assert isinstance(result, str)
    assert result.startswith(f"{taken}\n" if taken else "ESCALATION support/urgent")
    assert key_of(result) == identity(case()).key


def test_a_route_that_names_no_quick_text_takes_its_template_whatever_the_org_has() -> None:
    result = written({"HIP urgent": "own", "Escalations": "general"}, by=spec(quick_texts=()))
    assert isinstance(result, str)
    assert result.startswith("ESCALATION support/urgent")


BY_ORIGIN = Table("", ("Origin",), (Row(("Phone",), "Call-back"), Row(("Web",), "Web form")))


@pytest.mark.parametrize(
    ("origin", "taken"), [("phone", "call"), ("Web", "general"), ("Email", "general"), (None, "general")]
)
def test_a_table_gives_the_quick_text_by_fields_of_the_case(origin: str | None, taken: str) -> None:
    messages = {"Call-back": "call", "Web form": " ", "Escalations": "general"}
    result = written(messages, case(fields={"Origin": origin}), spec(quick_texts=(BY_ORIGIN, "Escalations")))
    assert isinstance(result, str)
    assert result.startswith(taken)


def test_the_fields_of_a_quick_text_table_are_read() -> None:
    assert "Origin" in spec(quick_texts=(BY_ORIGIN,)).needs


def test_quick_texts_are_read_down_to_the_first_that_serves_every_case() -> None:
    messages = {"call-back": "call", "escalations": "general", "last": "never"}
    names = (BY_ORIGIN, "Escalations", "Last")
    assert possible_names(names) == ["Call-back", "Web form", "Escalations", "Last"]
    assert possible_texts(names, messages) == {"Call-back": "call", "Escalations": "general"}


def test_line_ends_of_a_quick_text_are_made_plain() -> None:
    assert chosen_text(["A"], {"a": "\r\none\r\ntwo\rthree\n"}) == ("A", "one\ntwo\nthree")


# -- what stands for what ------------------------------------------------------------------------------------------

FIELDS: Mapping[str, Value] = {"Account.Name": "Acme", "Contact.Name": "Kim", "Vip__c": True, "Empty__c": None}


@pytest.mark.parametrize(
    ("placeholder", "filled"),
    [
        ("{!Case.Subject}", "It broke"),
        ("{! Case.Subject }", "It broke"),
        ("{!case.Subject}", "It broke"),
        ("{Case.Subject}", "It broke"),
        ("{!Case.CaseNumber}", "00000001"),
        ("{!Case.Account.Name}", "Acme"),
        ("{!Account.Name}", "Acme"),
        ("{Account.Name}", "Acme"),
        ("{!Contact.Name}", "Kim"),
        ("{!Case.Vip__c}", "yes"),
        ("{!Case.CreatedDate}", "2026-03-01 15:00 UTC"),
        ("{!Case.Empty__c}", ""),
        ("{route}", "urgent"),
        ("{route.name}", "urgent"),
        ("{route.reason}", "Because of urgent."),
        ("{route.help_needed}", "Call Kim."),
        ("{policy}", "support"),
        ("{now}", "2026-03-02 15:00 UTC"),
        ("{findings}", "Priority is High"),
        ("{help_needed}", "Call Kim."),
        ("{offers}", "not recorded"),
    ],
)
def test_a_placeholder_is_filled_with_a_field_a_part_or_a_text_of_the_route(placeholder: str, filled: str) -> None:
    by = spec(OFFERS, HELP, help_needed="Call {Contact.Name}.")
    assert text(f"<{placeholder}>{{parts}}", case(fields=FIELDS), by).startswith(f"<{filled}>")


def test_a_placeholder_of_a_field_that_was_not_read_holds_the_case() -> None:
    held = written({"Escalations": "{!Case.Nowhere__c} {parts}"}, case(fields=FIELDS))
    assert held == Incomplete("the Quick Text 'Escalations' holds Nowhere__c, a field that cannot be read")


@pytest.mark.parametrize("literal", ["{ route }", "{}", "{1}", "{a-b}", "100 % }", '{"json": 1}', "{"])
def test_braces_without_a_placeholder_stay_unchanged(literal: str) -> None:
    assert text(f"{literal} {{parts}}").startswith(literal)


@pytest.mark.parametrize(
    "placeholder",
    [
        "{!User.Name}",
        "{!$User.FirstName}",
        "{!Organization.Phone}",
        "{User.Name}",
        "{!Case}",
        "{!Subject}",
        "{!}",
        "{!IF(Case.Vip__c, 1, 2)}",
        "{!Case.Subject.}",
        "{!route.reason}",
        "{!parts}",
        "{customer}",
        "{route.offers}",
        "{Parts}",
    ],
)
def test_an_unknown_placeholder_holds_the_case_and_is_named(placeholder: str) -> None:
    result = written({"Escalations": f"Hello {placeholder} {{parts}}"})
    assert result == Incomplete(f"the Quick Text 'Escalations' holds {placeholder}, which is not a known placeholder")
    assert unknown_placeholders(f"{placeholder}{{parts}}", ["reason"], []) == (placeholder,)


@pytest.mark.parametrize("message", ["{!Case.{now}}", "Dear {{", "{{{parts}", "Dear {!Case.Subject"])
def test_half_a_placeholder_holds_the_case(message: str) -> None:
    result = written({"Escalations": message})
    assert isinstance(result, Incomplete)
    assert "unfilled placeholder" in result.reason


def test_only_the_chosen_quick_text_can_hold_the_case() -> None:
    assert isinstance(written({"HIP urgent": "fine", "Escalations": "{!User.Name}"}), str)
    assert isinstance(written({"HIP urgent": "{!User.Name}", "Escalations": "fine"}), Incomplete)


def test_a_quick_text_that_cannot_be_filled_holds_the_match_and_takes_no_step() -> None:
    org = replace(org_facts(), quick_texts={"escalations": "Dear {!User.Name}"})
    decision = judged(in_org(policy(route(note_spec=spec())), org=org), case())
    assert isinstance(decision, Match)
    assert (decision.state, decision.steps) == (State.HELD, ())
    assert "{!User.Name}" in decision.reason


def test_a_part_that_must_not_be_missing_holds_the_case_with_a_quick_text_too() -> None:
    result = written({"Escalations": "Hello"}, by=spec(NotePart("offers", ("Offers__c",), "hold")))
    assert result == Incomplete("the note's part 'offers' is missing: nothing in Offers__c", ("offers",))


def test_the_fields_of_a_quick_text_are_known_before_it_is_filled() -> None:
    message = (
        "{!Case.Subject} {! Account.Name } {Contact.Name} {!User.Name} {route.reason} {parts} {!Case.Account.Type}"
    )
    assert quick_text_paths(message) == {"Subject", "Account.Name", "Contact.Name", "Account.Type"}


# -- the parts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Hello", "Hello\n\nOffers:\nRefund\n\nHelp needed:\nCall."),
        ("Hello {offers}!", "Hello Refund!\n\nHelp needed:\nCall."),
        ("{help_needed} {offers}", "Call. Refund"),
        ("A\n{parts}\nB", "A\nOffers:\nRefund\n\nHelp needed:\nCall.\nB"),
        ("{offers} / {parts}", "Refund / Offers:\nRefund\n\nHelp needed:\nCall."),
        ("{offers} {offers}", "Refund Refund\n\nHelp needed:\nCall."),
    ],
)
def test_parts_that_the_text_does_not_name_are_added_below_it(message: str, expected: str) -> None:
    by = spec(OFFERS, HELP, help_needed="Call.")
    assert text(message, case(fields={"Offers__c": "Refund"}), by) == expected


# -- the case's text is data ---------------------------------------------------------------------------------------

FORGED = identity(case(99)).line


@pytest.mark.parametrize(
    "hostile",
    [
        "{help_needed}",
        "{parts}",
        "{!Case.Secret__c}",
        "{Case.Secret__c}",
        "{{parts}}",
        "{route.reason}",
        "{",
        "{!",
        "!",
        "{!User.Name}",
    ],
)
def test_a_placeholder_in_the_cases_text_is_never_filled_and_drops_no_part(hostile: str) -> None:
    fields = {"Subject": hostile, "Offers__c": hostile, "Secret__c": "hush"}
    said = text(
        "About {!Case.Subject}{!Case.Subject}: {offers}", case(fields=fields), spec(OFFERS, HELP, help_needed="x")
    )
    assert "hush" not in said
    assert said.endswith("\n\nHelp needed:\nx")
    assert said.count("Help needed:") == 1


@pytest.mark.parametrize("end", ["", "\n", "\r", "\x85", "\u2028", "\x0b"])
@pytest.mark.parametrize("message", ["{!Case.Subject}", "{offers}", "{parts}", "x", "{offers}\n{!Case.Subject}"])
def test_the_cases_text_cannot_forge_a_key_in_a_quick_text(message: str, end: str) -> None:
    one = case(fields={"Subject": f"bye{end}{FORGED}", "Offers__c": f"bye{end}{FORGED}"})
    result = written({"Escalations": message}, one, spec(OFFERS))
    assert isinstance(result, str)
    assert key_of(result) == identity(one).key
    assert identity(case(99)).key not in result
    assert all(key_of(line) is None for line in result.splitlines()[:-1])


PIECES = st.sampled_from(
    ["{", "}", "!", "{!", "{{", "Case.Subject", "parts", "offers", "\n", "\u2028", FORGED, "é" * 40, " "]
)
HOSTILE = st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=40).map("".join), st.just("wörd " * 3000))
MESSAGES = ["Hi {!Case.Subject}!", "{offers} {Case.Subject}", "{parts}", "{findings} {!Case.Subject}{!Case.Subject}"]


@given(st.sampled_from(MESSAGES), HOSTILE, HOSTILE)
@settings(max_examples=150, deadline=None)
def test_for_any_text_of_a_case_its_quick_text_is_filled_short_enough_and_ends_with_its_key(
    message: str, subject: str, offers: str
) -> None:
    one = case(fields={"Subject": subject, "Offers__c": offers})
    result = written({"Escalations": message}, one, spec(OFFERS, HELP, help_needed="Call."))
    assert isinstance(result, str), result
    assert size(result) <= MOST_BYTES
    assert key_of(result) == identity(one).key
    assert "Help needed:\nCall." in result
    assert "{{" not in result
    assert "{!" not in result


def test_a_quick_text_too_long_for_a_note_holds_the_case() -> None:
    result = written({"Escalations": "x " * 2000})
    assert isinstance(result, Incomplete)
    assert "is longer than" in result.reason


# -- texts of the route --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "filled"),
    [
        ("Call back.", "Call back."),
        ("Call {Contact.Name}.", "Call Kim."),
        ("{Case.Vip__c} {Account.Name}", "yes Acme"),
        ("Call {Contact.Phone}.", ""),  # a sentence with a hole says nothing
        ("{Contact.Name} {Case.Empty__c}", ""),
    ],
)
def test_a_text_of_the_route_is_filled_or_empty(said: str, filled: str) -> None:
    fields = {"Contact.Name": "Kim", "Account.Name": "Acme", "Vip__c": "yes", "Empty__c": ""}
    assert filled_sentence(said, fields) == filled


def test_a_text_of_the_route_is_filled_once() -> None:
    """The text of a field is not a placeholder of the route either."""
    by = spec(HELP, help_needed="Call {Contact.Name}.")
    one = case(fields={"Contact.Name": "{Account.Name}", "Account.Name": "Acme"})
    assert text("{help_needed}", one, by) == "Call {Account.Name}."
