"""What a condition asks of the server. Python decides; the query may return more, never less."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clocks.stopped_clock import BusinessHours
from sfdc_escalator.escalation.conditions.comparison import Operand, Operator
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.age import Age
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.left import Left
from sfdc_escalator.escalation.conditions.kinds.soql import Soql
from sfdc_escalator.escalation.conditions.kinds.text import Text
from sfdc_escalator.escalation.conditions.speech.words import parse_phrase
from sfdc_escalator.escalation.conditions.tables import Row, Table
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not
from sfdc_escalator.escalation.policy.policy import OPEN_CASES
from sfdc_escalator.escalation.world.org import Describe, FieldInfo
from sfdc_escalator.salesforce import route_is_apart, route_is_scan, standard_describe
from sfdc_escalator.salesforce.soql.narrowing import Bounds
from sfdc_escalator.salesforce.soql.soql import EVERYTHING, NOTHING, factored, render
from tests.builders import numbered, policy, route

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
CUSTOM = {
    "Tags__c": FieldInfo("Tags__c", "multipicklist"),
    "Score__c": FieldInfo("Score__c", "double"),
    "Due__c": FieldInfo("Due__c", "date"),
    "Code__c": FieldInfo("Code__c", "string", case_sensitive=True),
    "Odd__c": FieldInfo("Odd__c", "location"),
    "Asset__c": FieldInfo("Asset__c", "reference", reference_to=("Asset",), relationship="Asset__r"),
}
STANDARD = standard_describe().objects
ASSET = {**STANDARD["Asset"], "Vip__c": FieldInfo("Vip__c", "boolean")}
DESCRIBE = Describe({**STANDARD, "Case": {**STANDARD["Case"], **CUSTOM}, "Asset": ASSET})
OWNER = numbered("005", 9)
ALL = "<all>"
NONE = "<none>"


def text(condition: Condition) -> str:
    bound = Bounds(DESCRIBE, Circumstances(NOW)).may(condition)
    return ALL if bound == EVERYTHING else NONE if bound == NOTHING else render(bound)


@pytest.mark.parametrize(
    ("path", "operator", "operand", "asked"),
    [
        ("Origin", "is", "Phone", "Origin = 'Phone'"),
        ("Origin", "is_not", "Phone", "Origin != 'Phone' OR Origin = null"),
        ("Origin", "in", ("Phone", "Web"), "Origin IN ('Phone','Web')"),
        ("Origin", "not_in", ("Phone", "Web"), "Origin NOT IN ('Phone','Web') OR Origin = null"),
        ("Origin", "is", "  Phone ", "Origin = 'Phone'"),
        ("Origin", "is", "", NONE),
        ("Origin", "is_not", "", ALL),
        ("Origin", "in", ("", "Web"), "Origin = 'Web'"),
        ("Origin", "in", (), NONE),
        ("Origin", "not_in", (), ALL),
        ("Origin", "starts_with", "Pho", ALL),
        ("Subject", "is", 'O\'Neil \\ "x"', "Subject = 'O\\'Neil \\\\ \\\"x\\\"'"),
        ("Subject", "is", 5, "Subject = '5'"),
        ("Subject", "is", True, ALL),
        ("Subject", "is", "Straße", ALL),
        ("Subject", "is_not", "Straße", ALL),
        ("Subject", "in", ("a", "é"), ALL),
        ("Subject", "not_in", ("a", "é"), "Subject != 'a' OR Subject = null"),
        ("Subject", "is", "a\x00b", ALL),
        ("Subject", "is", "a\nb", ALL),
        ("Subject", "is", "x" * 4_000, ALL),
        ("Subject", "starts_with", "50%_", "Subject LIKE '50\\%\\_%'"),
        ("Subject", "starts_with", "", ALL),
        ("Subject", "starts_with", "back\\", ALL),
        ("Subject", "contains_any", ("re", "fw"), "Subject LIKE '%re%' OR Subject LIKE '%fw%'"),
        ("Subject", "contains_any", ("re", "é"), ALL),
        ("Subject", "matches", "^a", ALL),
        ("Subject", "at_least", "5", ALL),
        ("Subject", "is_empty", True, "Subject = null"),
        ("Subject", "is_empty", False, "Subject != null"),
        ("SuppliedEmail", "starts_with", "a@", "SuppliedEmail LIKE 'a@%'"),
        ("Description", "is", "x", ALL),
        ("Description", "is_empty", True, ALL),
        ("Code__c", "is", "x", ALL),
        ("Code__c", "starts_with", "x", ALL),
        ("Code__c", "is_empty", True, "Code__c = null"),
        ("Odd__c", "is", "x", ALL),
        ("Odd__c", "is_empty", True, ALL),
        ("Tags__c", "is", "red", "Tags__c INCLUDES ('red')"),
        ("Tags__c", "is_not", "red", "Tags__c != 'red' OR Tags__c = null"),
        ("Tags__c", "contains_any", ("red", "blue"), "Tags__c INCLUDES ('red') OR Tags__c INCLUDES ('blue')"),
        ("Tags__c", "contains_any", ("a;b",), ALL),
        ("Tags__c", "starts_with", "r", ALL),
        ("Score__c", "is", 5, "Score__c = 5"),
        ("Score__c", "is", "5.50", "Score__c = 5.5"),
        ("Score__c", "is", 1e-7, "Score__c = 0.0000001"),
        ("Score__c", "is", 1e30, ALL),
        ("Score__c", "is", "nan", ALL),
        ("Score__c", "is", "many", ALL),
        ("Score__c", "at_least", 3, "Score__c >= 3"),
        ("Score__c", "less_than", -0.25, "Score__c < -0.25"),
        ("Score__c", "is_empty", False, "Score__c != null"),
        ("CreatedDate", "at_least", "2026-03-01T10:00:00+01:00", "CreatedDate >= 2026-03-01T09:00:00Z"),
        ("CreatedDate", "at_least", "2026-03-01", ALL),
        ("CreatedDate", "at_least", "yesterday", ALL),
        ("CreatedDate", "at_least", "1066-10-14T09:00:00Z", ALL),
        ("Due__c", "more_than", "2026-03-01", "Due__c > 2026-03-01"),
        ("Due__c", "is", "2026-03-01T10:00:00Z", ALL),
        ("OwnerId", "is", OWNER, f"OwnerId = '{OWNER}'"),
        ("OwnerId", "is_not", OWNER, f"OwnerId != '{OWNER}' OR OwnerId = null"),
        ("OwnerId", "is_not", OWNER[:15], ALL),
        ("OwnerId", "is", "x' OR Id != '", ALL),
        ("OwnerId", "starts_with", "005", ALL),
        ("IsEscalated", "is", True, "IsEscalated = true"),
        ("IsEscalated", "is", False, "IsEscalated = false"),
        ("IsEscalated", "is", "true", "IsEscalated = true"),
        ("IsEscalated", "is", "maybe", NONE),
        ("IsEscalated", "is_not", "maybe", ALL),
        ("IsEscalated", "in", (True, False), ALL),
        ("Contact.IsEmailBounced", "is", True, "Contact.IsEmailBounced = true"),
        ("Contact.IsEmailBounced", "is", False, "Contact.IsEmailBounced = false OR ContactId = null"),
        ("Contact.IsEmailBounced", "is_not", True, "Contact.IsEmailBounced = false OR ContactId = null"),
        (
            "Asset__r.Owner.IsActive",
            "is",
            False,
            "Asset__r.Owner.IsActive = false OR Asset__c = null OR Asset__r.OwnerId = null",
        ),
        ("Account.Type", "is_not", "P", "Account.Type != 'P' OR Account.Type = null"),
        ("Nowhere", "is", "x", ALL),
    ],
)
def test_a_comparison_is_asked_for_as_far_as_the_server_can_answer(
    path: str, operator: Operator, operand: Operand, asked: str
) -> None:
    assert text(Field(path, operator, operand)) == asked


@pytest.mark.parametrize(
    ("condition", "asked"),
    [
        (Not(Field("Origin", "is", "Phone")), "Origin != 'Phone' OR Origin = null"),
        (Not(Field("Origin", "is_not", "Phone")), "Origin = 'Phone'"),
        (Not(Not(Field("Origin", "is", "Phone"))), "Origin = 'Phone'"),
        (Not(Field("Score__c", "at_least", 3)), "Score__c < 3 OR Score__c = null"),
        (Not(Field("Subject", "starts_with", "re:")), "(NOT Subject LIKE 're:%') OR Subject = null"),
        (Not(Field("Tags__c", "contains_any", ("red", "blue"))),
         "(Tags__c EXCLUDES ('red') OR Tags__c = null) AND (Tags__c EXCLUDES ('blue') OR Tags__c = null)"),
        (Not(Field("Subject", "is_empty", True)), "Subject != null"),
        (Not(Age("at_least", timedelta(hours=4), path="CreatedDate")),
         "CreatedDate > 2026-03-02T11:00:00Z OR CreatedDate = null"),
        (Not(All((Field("Origin", "is", "Web"), Field("Subject", "matches", "x")))), ALL),
        (Not(AnyOf((Field("Origin", "is", "Web"), Field("Subject", "matches", "x")))),
         "Origin != 'Web' OR Origin = null"),
        (Not(Text(("Subject",), (parse_phrase("help"),))), ALL),
    ],
)  # fmt: skip
def test_a_not_is_pushed_down_to_the_comparisons(condition: Condition, asked: str) -> None:
    """SOQL's NOT leaves empty values out; ours does not."""
    assert text(condition) == asked


@pytest.mark.parametrize("word", ["ask", "kind", "false", "Straight"])
def test_letters_that_the_org_may_share_with_others_are_not_excluded(word: str) -> None:
    """`!= 's'` might leave out the long s, which is another text for us."""
    assert text(Field("Subject", "is_not", word)) == ALL
    assert text(Field("Subject", "is", word)) == f"Subject = '{word}'"


def test_the_shared_letters_are_all_that_unicode_knows() -> None:
    from sfdc_escalator.salesforce.soql.comparisons import SHARED, SHARED_ALONE

    alone, parts = set[str](), set[str]()
    for char in map(chr, range(128, 0x110000)):
        for folded in (char.casefold(), char.lower(), char.upper().lower()):
            ascii_letters = {one for one in folded if one.isascii() and one.isalpha()}
            parts |= ascii_letters
            if folded.isascii():
                alone |= ascii_letters
    # A ligature folds to two letters: its first always is one of the shared ones.
    assert alone - set("ilt") <= SHARED_ALONE
    assert parts <= SHARED


@pytest.mark.parametrize(
    ("operator", "sign"), [("at_least", "<="), ("more_than", "<"), ("at_most", ">="), ("less_than", ">")]
)
def test_an_age_is_a_moment(operator: Operator, sign: str) -> None:
    assert text(Age(operator, timedelta(hours=4), path="CreatedDate")) == f"CreatedDate {sign} 2026-03-02T11:00:00Z"


def test_a_time_left_out_of_a_table_is_the_widest_that_the_table_may_give() -> None:
    table = Table("", ("Origin",), (Row(("Web",), timedelta(hours=1)),), timedelta(hours=4))
    left = Left("at_most", table, path="SlaStartDate")
    assert text(left) == "SlaStartDate <= 2026-03-02T16:00:00Z OR SlaStartDate <= 2026-03-02T19:00:00Z"
    assert text(Not(left)) == ALL


def test_an_age_in_parts_of_a_second_is_rounded_to_the_wider_side() -> None:
    limit = timedelta(hours=4, milliseconds=1)
    assert text(Age("at_least", limit, path="CreatedDate")) == "CreatedDate <= 2026-03-02T11:00:00Z"
    assert text(Age("at_most", limit, path="CreatedDate")) == "CreatedDate >= 2026-03-02T10:59:59Z"


@pytest.mark.parametrize("limit", [timedelta(days=400 * 366), timedelta.max])
def test_an_age_beyond_the_calendar_is_not_asked_for(limit: timedelta) -> None:
    assert text(Age("at_least", limit, path="CreatedDate")) == ALL


@pytest.mark.parametrize("source", ["Subject", "Account.Name", "Description", "comments", "Origin"])
@pytest.mark.parametrize("phrase", ["help", "don't", "speak|talk to", "re-sign", "élan vital"])
def test_no_word_is_left_to_the_server_which_finds_it_in_one_spelling_only(source: str, phrase: str) -> None:
    assert text(Text((source,), (parse_phrase(phrase),))) == ALL


@pytest.mark.parametrize(
    ("operator", "part", "asked"),
    [
        ("contains_any", "don't", "Subject LIKE '%don_t%'"),
        ("contains_any", "don\u2019t", "Subject LIKE '%don_t%'"),
        ("starts_with", "RMA-", "Subject LIKE 'RMA_%'"),
        ("starts_with", "RMA\u2013", "Subject LIKE 'RMA_%'"),
        ("starts_with", "élan", ALL),
        ("contains_any", "re\u00adfund", ALL),
    ],
)
def test_a_sign_that_has_many_forms_is_any_sign_for_the_server(operator: Operator, part: str, asked: str) -> None:
    assert text(Field("Subject", operator, part)) == asked
    if asked != ALL:
        assert text(Not(Field("Subject", operator, part))) == ALL


def test_all_and_any_absorb_what_says_nothing() -> None:
    known, unknown = Field("Origin", "is", "Web"), Field("Subject", "matches", "x")
    assert text(All((known, unknown, known))) == "Origin = 'Web'"
    assert text(AnyOf((known, unknown))) == ALL
    assert text(AnyOf((known, Field("Origin", "in", ())))) == "Origin = 'Web'"
    assert text(All((known, Field("Origin", "in", ())))) == NONE


def test_and_and_or_never_mix_without_parentheses() -> None:
    inner = AnyOf((Field("Origin", "is", "Web"), All((Field("Origin", "is", "Phone"), Field("Priority", "is", "Low")))))
    assert text(All((OPEN_CASES, inner))) == (
        "IsClosed = false AND (Origin = 'Web' OR (Origin = 'Phone' AND Priority = 'Low'))"
    )


def test_what_all_routes_demand_is_said_once() -> None:
    routes: list[Condition] = [All((OPEN_CASES, Field("Origin", "is", one))) for one in ("Web", "Phone")]
    bounds = [Bounds(DESCRIBE, Circumstances(NOW)).may(one) for one in routes]
    assert render(factored(bounds)) == "IsClosed = false AND (Origin = 'Web' OR Origin = 'Phone')"
    scan = Bounds(DESCRIBE, Circumstances(NOW)).may(OPEN_CASES)
    assert render(factored([*bounds, scan, NOTHING])) == "IsClosed = false"
    assert factored([NOTHING, NOTHING]) == NOTHING


@pytest.mark.parametrize(
    ("when", "scope", "scan"),
    [
        (Text(("Subject", "Description"), (parse_phrase("help"),)), (), True),
        (Text(("Subject",), (parse_phrase("help"),)), (), True),
        (Field("Subject", "matches", "x"), (), True),
        (Field("Subject", "matches", "x"), (Field("Origin", "is", "Web"),), False),
        (All(()), (OPEN_CASES,), True),
        (AnyOf((Field("Vip__c", "is", True), Field("Subject", "matches", "x"))), (), True),
        (All((Field("Vip__c", "is", True), Field("Subject", "matches", "x"))), (), False),
        (Age("at_least", timedelta(days=14), path="CreatedDate"), (), False),
        (Age("at_least", timedelta(hours=4), path="CreatedDate", calendar=BusinessHours("Default")), (), False),
    ],
)
def test_a_route_that_reads_all_open_cases_is_reported_offline(when: Condition, scope: Any, scan: bool) -> None:
    """Custom fields and the org's business hours are not known offline; they are taken to narrow."""
    one = route("one", when)
    assert route_is_scan(policy(one, scope=scope), one, standard_describe()) is scan


RETURNED, WROTE = "Id IN (SELECT CaseId FROM ReturnOrder)", "Id IN (SELECT WhatId FROM Event)"
PHONE = Field("Origin", "is", "Phone")


@pytest.mark.parametrize(
    ("condition", "asked"),
    [
        (Soql("Amount__c > 1 OR Vip__c = true"), "(Amount__c > 1 OR Vip__c = true)"),
        (Soql(RETURNED), RETURNED),
        (All((PHONE, Soql(RETURNED))), f"Origin = 'Phone' AND {RETURNED}"),
        (AnyOf((Soql(RETURNED),)), RETURNED),
        (AnyOf((PHONE, Soql(RETURNED))), ALL),
        (AnyOf((PHONE, All((Soql(RETURNED), Field("Type", "is", "Web"))))), "Origin = 'Phone' OR Type = 'Web'"),
        (Not(Soql(RETURNED)), ALL),
        (All((Soql(RETURNED), Soql(WROTE), Soql(f"{RETURNED} AND Vip__c = true"))), f"{RETURNED} AND {WROTE}"),
        (AnyOf((PHONE, Soql("Subject = '(SELECT a) or ('"))), "Origin = 'Phone' OR (Subject = '(SELECT a) or (')"),
    ],
)
def test_a_semi_join_stands_neither_under_or_nor_in_parentheses_nor_as_a_third(
    condition: Condition, asked: str
) -> None:
    assert text(condition) == asked


@pytest.mark.parametrize(
    ("when", "apart"),
    [(Soql(RETURNED), True), (All((PHONE, Soql(RETURNED))), False), (Soql("Vip__c = true"), False), (PHONE, False)],
)
def test_a_route_that_only_a_semi_join_narrows_needs_a_query_of_its_own(when: Condition, apart: bool) -> None:
    one = route("one", when)
    assert route_is_apart(policy(one, scope=(Field("Type", "is", "Web"),)), one, standard_describe()) is apart
