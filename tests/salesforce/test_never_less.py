"""SOQL narrows, Python decides: the query returns every case that the criteria match, over real HTTP."""

import csv
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfdc_escalator.embedded_org import EmbeddedOrg
from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.comparison import Literal_, Operator
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.declaration import Kind
from sfdc_escalator.escalation.conditions.kinds.age import Age
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.idle import Idle
from sfdc_escalator.escalation.conditions.kinds.in_state import InState
from sfdc_escalator.escalation.conditions.kinds.left import Left
from sfdc_escalator.escalation.conditions.kinds.milestone import MILESTONES, Milestone
from sfdc_escalator.escalation.conditions.kinds.owner import Owner
from sfdc_escalator.escalation.conditions.kinds.related import Related
from sfdc_escalator.escalation.conditions.kinds.soql import Soql
from sfdc_escalator.escalation.conditions.kinds.spoke import Spoke
from sfdc_escalator.escalation.conditions.kinds.table_is import TableIs
from sfdc_escalator.escalation.conditions.kinds.text import Text
from sfdc_escalator.escalation.conditions.registry import LEAVES
from sfdc_escalator.escalation.conditions.speech.words import parse_phrase
from sfdc_escalator.escalation.conditions.tables import Row, Table
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not, paths_of
from sfdc_escalator.escalation.policy.policy import OPEN_CASES
from sfdc_escalator.escalation.time.calendars import BusinessDays, Calendar
from sfdc_escalator.escalation.time.opening_hours import week_of
from sfdc_escalator.escalation.world.case import Case, Comment, FieldChange, Value
from sfdc_escalator.escalation.world.needs import Answered, Need, Records
from sfdc_escalator.escalation.world.org import Describe, Queue
from sfdc_escalator.salesforce.line.client import Client
from sfdc_escalator.salesforce.line.retry import Patience
from sfdc_escalator.salesforce.line.session import OrgSession
from sfdc_escalator.salesforce.line.token import Token
from sfdc_escalator.salesforce.reading.records import CaseReader, selected
from sfdc_escalator.salesforce.schema.describe import parse_fields
from sfdc_escalator.salesforce.soql import splitting
from sfdc_escalator.salesforce.soql.narrowing import Bounds
from sfdc_escalator.salesforce.soql.soql import NOTHING
from tests import kind_examples

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
WORDS = (
    " padded ",
    "   ",
    "\tHigh\n",
    "urgent", "URGENT", "Urgent call", "O'Neil", "100%", "a_b", "axb", "back\\slash", 'say "hi"', "Straße", "STRASSE",
    "élan", "ELAN", "İstanbul", "kelvin", "\u212aelvin", "日本", "true", "false", "5", "5.0", "null", "x'; y", "😀 ok",
    "%", "_", "\\", "'", "urgentcall", "not urgent, call", "ſ", "s",
    "O\u2019Neil", "ur\u00adgent", "ｕｒｇｅｎｔ", "e\u0301lan s", "RMA-1", "RMA\u20111",
    "re\ufb01ned", "refined", "not\u00a0ur\u200bgent",
)  # fmt: skip
PICKS = ("Phone", "phone", "Web", "E-Mail", "Straße")
TAGS = ("red", "Red", "green", "deep blue", "élan")
NUMBERS = ("0", "1", "-2.5", "5", "1000000", "0.1")
TIMES = tuple((NOW - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ") for hours in (1, 2, 24, 49, 4000))
DAYS = ("2026-03-01", "2026-02-28", "1999-12-31")
CHECKS = ("true", "false")
TEXT_PATHS = ("Subject", "SuppliedEmail", "SuppliedPhone", "Note__c", "Account.Name", "account.Site__c", "Owner.Name")
PICK_PATHS = ("Origin", "Status", "Risk__c")
VALUES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(TEXT_PATHS, WORDS),
    **dict.fromkeys(PICK_PATHS, PICKS),
    "Tags__c": TAGS,
    "Score__c": NUMBERS,
    "Account.Size__c": NUMBERS,
    "Opened__c": TIMES,
    "CreatedDate": TIMES,
    "Account.Since__c": TIMES,
    "Day__c": DAYS,
    "Vip__c": CHECKS,
    "IsEscalated": CHECKS,
    "Account.Key__c": CHECKS,
    "Parent.IsEscalated": CHECKS,
    "Parent.Account.Key__c": CHECKS,
    "Parent.Subject": WORDS,
    "Description": WORDS,
    "OwnerId": ("005000000000001AAA", "005000000000001"),
}
PATHS = tuple(VALUES)
TASKS = Records("Tasks", ("Status",))
EXAMPLES = kind_examples.CONDITIONS
NEEDED = frozenset[Need]().union(*(condition.needs for condition in EXAMPLES.values()))
FRAGMENTS = {
    "Subject LIKE 'urgent%'",
    "Origin = 'Phone' OR Priority = null",
    *(one.fragment for one in NEEDED if isinstance(one, Answered)),
}
COUNTED = frozenset({TASKS, *(one for one in NEEDED if isinstance(one, Records) and one != MILESTONES)})


class Loaded(NamedTuple):
    """An org full of odd cases, and the same cases as Python sees them."""

    client: Client
    describe: Describe
    cases: tuple[Case, ...]

    @property
    def circumstances(self) -> Circumstances:
        owner = self.cases[0].owner_id
        return Circumstances(NOW, {"Leads": Queue(owner, "Leads", frozenset({owner}))})

    def __repr__(self) -> str:
        return "loaded"


def some(chance: random.Random, values: tuple[str, ...]) -> str:
    return "" if chance.random() < 0.25 else chance.choice(values)


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def account(chance: random.Random, number: int) -> dict[str, str]:
    return {
        "Name": f"{chance.choice(WORDS)} {number}".strip(),
        "Site__c": some(chance, WORDS),
        "Size__c:number": some(chance, NUMBERS),
        "Since__c:datetime": some(chance, TIMES),
        "Key__c:checkbox": chance.choice(CHECKS),
    }


def case_row(chance: random.Random, number: int, accounts: list[str]) -> dict[str, str]:
    tags = chance.sample(TAGS, chance.randint(0, 3))
    return {
        "CaseNumber": f"{number:08d}",
        "Subject": some(chance, WORDS) if chance.random() < 0.7 else f"{chance.choice(WORDS)} {chance.choice(WORDS)}",
        "Description": some(chance, WORDS),
        "SuppliedEmail": some(chance, WORDS),
        "SuppliedPhone": some(chance, WORDS),
        "Note__c": some(chance, WORDS),
        "Origin": some(chance, PICKS),
        "Risk__c:picklist": some(chance, PICKS),
        "Status": "Closed" if chance.random() < 0.1 else "New",
        "IsClosed": "",
        "IsEscalated": chance.choice(CHECKS),
        "Tags__c:multipicklist": ";".join(tags),
        "Score__c:number": some(chance, NUMBERS),
        "Opened__c:datetime": some(chance, TIMES),
        "Due__c:datetime": some(chance, TIMES),
        "CreatedDate": chance.choice(TIMES),
        "Day__c:date": some(chance, DAYS),
        "Vip__c:checkbox": chance.choice(CHECKS),
        "AccountId": some(chance, tuple(accounts)),
        "ParentId": f"{number - 1:08d}" if number > 1 and chance.random() < 0.4 else "",
    }


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    chance = random.Random(20260302)
    folder = tmp_path_factory.mktemp("odd")
    accounts = [account(chance, number) for number in range(12)]
    write_rows(folder / "Account.csv", accounts)
    rows = [case_row(chance, number, [one["Name"] for one in accounts]) for number in range(1, 301)]
    for row in rows:
        del row["IsClosed"]
    write_rows(folder / "Case.csv", rows)
    with EmbeddedOrg(data=folder, now=NOW) as org, OrgSession(org.instance_url, Token(org.access_token)) as session:
        client = Client(session, "67.0", Patience(0, lambda _: None))
        names = ("Case", "Account", "User", "Group")
        bodies = client.get(*(f"sobjects/{name}/describe" for name in names))
        objects = {name: parse_fields(body) for name, body in zip(names, bodies, strict=True)}
        objects["Name"] = {name: objects["User"][name] for name in ("Id", "Name")}
        describe = Describe(objects)
        yield Loaded(client, describe, everything(client, describe))


def everything(client: Client, describe: Describe) -> tuple[Case, ...]:
    """All cases with all fields, including long text."""
    known = {*PATHS, "IsClosed", *(path for path in paths_of(NEEDED) if describe.field_at(path))}
    fields = [*selected(frozenset(known), describe), "Description"]
    first = client.query(f"SELECT {', '.join(dict.fromkeys(fields))} FROM Case".replace("account.", "Account."))
    assert first.more is None
    cases = CaseReader({*known, "OwnerId"}, describe).cases(first.records)
    answers = {one: ids_of(client, one) for one in FRAGMENTS}
    lives = (lived(case, random.Random(case.number)) for case in cases)
    return tuple(replace(case, answers={one: case.id in ids for one, ids in answers.items()}) for case in lives)


def ids_of(client: Client, fragment: str) -> frozenset[str]:
    """The ids that the org returns for a raw filter."""
    return frozenset(str(record["Id"]) for record in client.query(f"SELECT Id FROM Case WHERE ({fragment})").records)


def lived(case: Case, chance: random.Random) -> Case:
    """The case with a life between its creation and now: changes of status, words, an e-mail older than itself, tasks
    and milestones."""
    times = sorted(case.created + (NOW - case.created) * chance.random() for _ in range(chance.randint(0, 2)))
    older = case.created - timedelta(minutes=5)
    comments = [Comment(case.owner_id, at, "", chance.choice(("agent", "customer"))) for at in [older, *times]]
    field_changes = {"Status": tuple(FieldChange(at, None, case.status) for at in times)}
    tasks: tuple[Mapping[str, Value], ...] = tuple({"CreatedDate": at, "Status": chance.choice(PICKS)} for at in times)
    related = {
        **dict.fromkeys(COUNTED, tasks),
        MILESTONES: tuple({**task, "TargetDate": task["CreatedDate"]} for task in tasks),
    }
    return replace(case, field_changes=field_changes, comments=tuple(comments[chance.randint(0, 1) :]), related=related)


LITERALS: tuple[Literal_, ...] = (
    *WORDS,
    *PICKS,
    *TAGS,
    *NUMBERS,
    *TIMES,
    *DAYS,
    "",
    "  urgent ",
    True,
    False,
    5,
    0.1,
    -2.5,
)
LIMITS = [timedelta(hours=hours) for hours in (0, 1, 2, 24, 49, 4000, 9_000_000)]
PHRASES = (
    "refined", "rma-1", "o\u2019neil",
    "urgent", "not urgent", "urgent|call", "say hi", "o'neil", "straße", "100%", "kelvin", "a_b", "ok", "elan|élan s",
)  # fmt: skip
OFFICE = Calendar("office", ZoneInfo("America/New_York"), week_of({"mon-fri": "09:00-17:00"}), frozenset())
ALWAYS = Calendar("always", ZoneInfo("UTC"), week_of({"mon-sun": "00:00-24:00"}), frozenset())
SIDES: tuple[Operator, ...] = ("at_least", "at_most", "more_than", "less_than")
SINGLE: tuple[Operator, ...] = ("is", "is_not", "starts_with", *SIDES)
SEVERAL: tuple[Operator, ...] = ("in", "not_in", "contains_any")


@st.composite
def fields(draw: st.DrawFn) -> Field:
    path = draw(st.sampled_from(PATHS))
    fitting: tuple[Literal_, ...] = VALUES[path]
    literals = st.one_of(st.sampled_from(fitting), st.sampled_from(LITERALS))
    operator = draw(st.sampled_from((*SINGLE, *SEVERAL, "is_empty")))
    if operator in SEVERAL:
        return Field(path, operator, tuple(draw(st.lists(literals, max_size=3))))
    return Field(path, operator, draw(st.booleans() if operator == "is_empty" else literals))


@st.composite
def ages(draw: st.DrawFn) -> Age:
    path = draw(st.sampled_from(["Opened__c", "CreatedDate", "Account.Since__c", "Day__c"]))
    calendar = draw(st.sampled_from([None, None, OFFICE, ALWAYS]))
    plain = st.sampled_from(LIMITS)
    limits = plain if calendar is None else st.one_of(plain, st.integers(1, 9).map(BusinessDays))
    pause = draw(st.sampled_from([None, None, Field("Status", "is", "New")]))
    limit = draw(st.one_of(limits, tables(limits)))
    if pause is not None and (calendar is not None or isinstance(limit, BusinessDays)):
        pause = None
    return Age(draw(st.sampled_from(SIDES)), limit, calendar, path=path, except_while=pause)


@st.composite
def tables(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> Table[Any]:
    """A table by two fields, with or without `else`."""
    cells = st.sampled_from(["urgent", "Phone", ("Web", "Phone"), "High"])
    rows = draw(
        st.lists(st.builds(lambda a, b, value: Row((a, b), value), cells, cells, values), min_size=1, max_size=3)
    )
    return Table("t", ("Origin", "Subject"), tuple(rows), draw(st.one_of(st.none(), values)))


@st.composite
def further(draw: st.DrawFn) -> Condition:
    """Conditions on more than one field, or only on the age of the case."""
    side, limit = draw(st.sampled_from(SIDES)), draw(st.sampled_from(LIMITS))
    picked = st.sampled_from(("Urgent", "Low"))
    left = st.sampled_from([*LIMITS, *(-one for one in LIMITS)])
    asked = st.sampled_from([None, Field("Status", "is", "Phone"), Age("at_least", limit, path="CreatedDate")])
    since = st.sampled_from([None, "escalation", "word_of.customer", "word_of.agent"])
    found: Condition = draw(
        st.one_of(
            st.one_of(left, tables(left)).map(lambda one: Left(side, one, path="Opened__c")),
            st.just(Idle(side, limit, draw(st.sampled_from([None, OFFICE])), who="anyone")),
            st.just(InState(side, limit, paths=("Status",))),
            tables(picked).map(lambda table: TableIs(table, "is", "Urgent")),
            tables(picked).map(lambda table: TableIs(table, "is_not", "Urgent")),
            tables(picked).map(lambda table: Field("Subject", "is", table)),
            st.builds(lambda where, back: Related(TASKS, side, 1, where, limit, back), asked, since),
            st.sampled_from([Milestone("violated"), Milestone("due", limit, "First Response")]),
            st.builds(Spoke, st.sampled_from(["agent", "customer"]), since),
            st.sampled_from(sorted(FRAGMENTS)).map(Soql),
            st.sampled_from([Owner("user"), Owner("in_queue", ("Leads", "None_Such")), Owner("member_of", ("Leads",))]),
        )
    )
    return found


@st.composite
def texts(draw: st.DrawFn) -> Text:
    sources = st.lists(st.sampled_from(["Subject", "Note__c", "Origin", "Description", "Account.Name"]), min_size=1)
    phrases = st.lists(st.sampled_from([parse_phrase(phrase) for phrase in PHRASES]), min_size=1, max_size=3)
    return Text(tuple(draw(sources)), tuple(draw(phrases)), tuple(draw(st.one_of(st.just([]), phrases))))


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    st.one_of(fields(), fields(), ages(), ages(), texts(), further(), st.sampled_from([*EXAMPLES.values()])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda parts: All(tuple(parts))),
        st.lists(inner, max_size=4).map(lambda parts: AnyOf(tuple(parts))),
        inner.map(Not),
    ),
    max_leaves=6,
)


def returned(loaded: Loaded, condition: Condition) -> frozenset[str]:
    where = Bounds(loaded.describe, loaded.circumstances).may(condition)
    if where == NOTHING:
        return frozenset()
    queries = splitting.queries(["Id"], where)
    return frozenset(str(record["Id"]) for records in loaded.client.lookups(queries) for record in records)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(condition=CONDITIONS)
def test_the_query_returns_every_case_that_matches(loaded: Loaded, condition: Condition) -> None:
    found = returned(loaded, condition)
    lost = [case for case in loaded.cases if condition.holds(case, loaded.circumstances) and case.id not in found]
    assert not lost, (Bounds(loaded.describe, loaded.circumstances).may(condition), lost[0].fields)


@pytest.mark.parametrize("condition", EXAMPLES.values(), ids=EXAMPLES)
@pytest.mark.parametrize("want", [True, False])
def test_every_kind_is_narrowed_to_no_less_than_it_matches(loaded: Loaded, condition: Condition, want: bool) -> None:
    """Of each kind that the registry knows, its examples: the query for yes, and the query for no."""
    found = returned(loaded, condition if want else Not(condition))
    assert [
        case.id for case in loaded.cases if condition.holds(case, loaded.circumstances) == want and case.id not in found
    ] == []


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.name)
def test_some_example_of_every_kind_matches_here(loaded: Loaded, kind: Kind) -> None:
    """Examples that matched nothing would prove nothing."""
    conditions = [EXAMPLES[example] for example in kind.examples]
    assert any(condition.holds(case, loaded.circumstances) for condition in conditions for case in loaded.cases)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(leaf=st.one_of(fields(), ages(), further()))
def test_the_query_of_the_opposite_returns_what_a_comparison_leaves_out(loaded: Loaded, leaf: Condition) -> None:
    """The lower bound, `must`: a case that the query for `not c` leaves out is a match of c."""
    found = returned(loaded, Not(leaf))
    assert [
        case.id for case in loaded.cases if not leaf.holds(case, loaded.circumstances) and case.id not in found
    ] == []


def test_the_query_narrows_where_it_can(loaded: Loaded) -> None:
    """A query that returns everything passes the tests above."""
    condition = All(
        (OPEN_CASES, Field("Subject", "is", "URGENT"), Age("at_least", timedelta(hours=2), path="CreatedDate"))
    )
    matching = {case.id for case in loaded.cases if condition.holds(case, loaded.circumstances)}
    assert matching == returned(loaded, condition)
    assert 0 < len(matching) < len(loaded.cases) / 4
