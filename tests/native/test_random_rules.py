"""Rules that nobody wrote: whatever is in them, the policy decides as the rule does, and is valid."""

import random
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sfdc_escalator.wiring.validation import check
from tests.native.decisions import drawn, pairs_of, shown
from tests.native.metadata import action, clocked, item, rule, to_queue, write
from tests.sampling import WHOLE

TEXTS = ["New", "On Hold", "new, On Hold", '"Smith, Jones"', "true", "", "5", "Größe", "a: b #c", "it's", "- x"]
FIELDS = [
    "Case.Status", "Case.Subject", "Case.Kind__c", "Account.Type", "Case.RecordTypeId", "Case.OwnerId", "Contact.Title",
]  # fmt: skip
SIZES = ["lessThan", "lessOrEqual", "greaterThan", "greaterOrEqual"]
WORDS = ["New", "on hold", " NEW ", "Smith, Jones", "5", "größe", "a: b #c", "x it's y", "- X", "", None, "put On Hold"]
VALUES: dict[str, list[Any]] = {
    **dict.fromkeys(map(str.lower, FIELDS), WORDS),
    "case.isescalated": [True, False],
    "case.vip__c": [True, False],
    "case.amount__c": [5.0, 4.0, 3.0, 0.0, -2.5, -3.0, 100.0, None],
    "case.due__c": [date(2026, 3, 1), date(2026, 2, 28), None],
    "case.areas__c": [frozenset(one) for one in ("", "A", "B", "AB", "ABC", "C", "D")],
}


def texts(without: tuple[str, ...] = ()) -> st.SearchStrategy[str]:
    return st.sampled_from([one for one in TEXTS if one not in without])


def of_text() -> st.SearchStrategy[dict[str, str]]:
    equal = st.builds(item, st.sampled_from(FIELDS), st.sampled_from(["equals", "notEqual"]), texts(("true",)))
    part = st.builds(
        item, st.sampled_from(FIELDS), st.sampled_from(["contains", "notContain", "startsWith"]), texts(("true", ""))
    )
    return st.one_of(equal, part)


ITEMS = st.one_of(
    of_text(),
    st.builds(item, st.sampled_from(["Case.IsEscalated", "Case.Vip__c"]), st.sampled_from(["equals", "notEqual"]),
              st.sampled_from(["true", "False", "TRUE"])),
    st.builds(item, st.just("Case.Amount__c"), st.sampled_from(SIZES),
              st.sampled_from(["5", "-2.5", "0"])),
    st.builds(item, st.just("Case.Due__c"), st.sampled_from(["lessThan", "greaterOrEqual"]), st.just("2026-03-01")),
    st.builds(item, st.just("Case.Areas__c"), st.sampled_from(["includes", "excludes"]),
              st.sampled_from(["A", "A,B", "A;B", "A;B,C"])),
    st.just(item("User.Department", "equals", "Support")),
    st.just(item("Case.Opened__c", "greaterThan", "LAST_N_DAYS:3")),
)  # fmt: skip
PARTS = st.sampled_from(
    [
        'ISPICKVAL(Status, "New")', "Vip__c", "NOT(IsEscalated)", '!ISBLANK(Subject)', 'CONTAINS(Subject, "Hold")',
        'RecordType.Name = "New"', 'TEXT(Status) <> "On Hold"', "Amount__c >= 5", "3 < Amount__c",
        'BEGINS(Subject, "on")',
        'INCLUDES(Areas__c, "A")', "ISNEW()", 'Account.Type = ""', 'BEGINS(OwnerId, "00G")', "$User.Id = OwnerId",
        'Owner:Queue.QueueName <> "New"', "TRUE", "FALSE", "Vip__c = FALSE", "TODAY() - 3 > Due__c", "1 = 1",
        'IF(Vip__c, "a", "b") = "a"', "IF(ISNEW(), Vip__c, IsEscalated)", "ISNULL(Contact.Title)",
    ]
)  # fmt: skip
FORMULAS = st.recursive(
    PARTS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda one: f"({' '.join(one)})"),
        st.lists(inner, min_size=1, max_size=3).map(lambda some: f"and({', '.join(some)})"),
        st.lists(inner, min_size=1, max_size=3).map(lambda some: f"OR({', '.join(some)})"),
        inner.map(lambda one: f"NOT( {one} )"),
    ),
    max_leaves=6,
)


CLOCKS = st.sampled_from(
    [
        {},
        {"businessHoursSource": "Static", "businessHours": "ACME: 24x7"},
        {"businessHoursSource": "Case"},
        {"escalationStartTime": "CaseLastModified"},
        {"disableEscalationWhenModified": True},
    ]
)
NOTIFIED = st.sampled_from([{}, {}, {"notifyCaseOwner": True}, {"notifyTo": "lead@example.com"}])


@st.composite
def entries(draw: Any, kind: str) -> dict[str, Any]:
    more: dict[str, Any] = {}
    items = draw(st.lists(ITEMS, max_size=4))
    if draw(st.integers(0, 2)) == 0:
        items, more = [], {"formula": draw(FORMULAS)}
    elif items and draw(st.booleans()):
        more = {"booleanFilter": draw(filters(len(items)))}
    if kind == "assignmentRules":
        return to_queue(draw(st.sampled_from(["Tier_1", "Tier_2", ""])), *items, **more)
    more |= draw(CLOCKS)
    minutes = draw(st.lists(st.sampled_from([0, 30, 60, 1440]), max_size=3))
    return clocked(
        *(action(one, draw(st.sampled_from(["Tier_1", None])), **draw(NOTIFIED)) for one in minutes),
        items=items,
        **more,
    )


def filters(count: int) -> st.SearchStrategy[str]:
    numbers = st.integers(1, count).map(str)
    joined = st.recursive(
        numbers,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from([" AND ", " or ", " Or "]), inner).map("".join),
            inner.map(lambda one: f"({one})"),
            numbers.map(lambda one: f"NOT {one}"),
            inner.map(lambda one: f"not ({one})"),
        ),
        max_leaves=6,
    )
    return st.one_of(joined, joined, joined, st.sampled_from(["1 AND", "(1", "1 AND 9", "0", "1 2"]))


RULES = st.sampled_from(["assignmentRules", "escalationRules"]).flatmap(
    lambda kind: st.tuples(st.just(kind), st.lists(entries(kind), min_size=1, max_size=5))
)


@settings(max_examples=500 if WHOLE else 15)
@given(RULES, st.integers(0, 1000))
def test_a_policy_decides_as_its_rule_does(made: tuple[str, list[dict[str, Any]]], seed: int) -> None:
    kind, given_entries = made
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        path = write(Path(folder), kind, rule(kind, *given_entries))
        _, pairs = pairs_of([path], Path(folder) / "out")
        checked = check(sorted((Path(folder) / "out").rglob("*.yaml"))) if pairs else None
    assert [str(one) for one in checked.problems if one.severity == "error"] == [] if checked else True
    for pair in pairs:
        for _ in range(25):
            facts = drawn([], VALUES, chance)
            age = timedelta(minutes=chance.choice([0, 29, 30, 60, 61, 2000]))
            assert pair.decided(facts, age) == pair.expected(facts, age), shown(pair, facts)
