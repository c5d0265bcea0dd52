"""Random conditions, and cases to judge."""

from datetime import timedelta

from hypothesis import strategies as st

from sfdc_escalator.escalation.conditions.comparison import Operand, Operator
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.age import Age
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.idle import Idle
from sfdc_escalator.escalation.conditions.kinds.in_state import InState
from sfdc_escalator.escalation.conditions.kinds.left import Left
from sfdc_escalator.escalation.conditions.kinds.owner import Owner
from sfdc_escalator.escalation.conditions.kinds.spoke import Spoke
from sfdc_escalator.escalation.conditions.kinds.table_is import TableIs
from sfdc_escalator.escalation.conditions.kinds.text import Text
from sfdc_escalator.escalation.conditions.speech.words import parse_phrase
from sfdc_escalator.escalation.conditions.tables import Row, Table
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not
from sfdc_escalator.escalation.world.case import Case, Value
from tests.builders import NOW, case, comment

PATHS = ("Subject", "Status", "Amount__c", "Vip__c", "Due__c", "Tags__c")
TEXTS = st.sampled_from(["", "  ", "High", "high", "speak to a manager", "rma", "ß", "5", "{{x}}"])
TIMES = st.integers(-100, 100).map(lambda hours: NOW - timedelta(hours=hours))
VALUES: st.SearchStrategy[Value] = st.one_of(
    st.none(), TEXTS, st.integers(-3, 9), st.booleans(), TIMES, st.frozensets(TEXTS.filter(str.strip), max_size=3)
)
LITERALS = st.one_of(TEXTS.filter(str.strip), st.integers(-3, 9), st.booleans(), st.just("2026-03-01T00:00:00Z"))
LISTS = st.lists(LITERALS, min_size=1, max_size=3).map(tuple)
SINGLE: tuple[Operator, ...] = ("is", "is_not", "at_least", "at_most", "more_than", "less_than", "starts_with")
OF_A_LIST: tuple[Operator, ...] = ("in", "not_in", "contains_any")
AGES: tuple[Operator, ...] = ("at_least", "at_most", "more_than", "less_than")


HOURS = st.integers(0, 90).map(lambda hours: timedelta(hours=hours))
TABLE: Table[str | int | float | bool] = Table("t", ("Status", "Vip__c"), (Row(("High", True), "Urgent"),), "Low")


def fields_of(operators: tuple[Operator, ...], operands: st.SearchStrategy[Operand]) -> st.SearchStrategy[Field]:
    return st.builds(Field, st.sampled_from(PATHS), st.sampled_from(operators), operands)


LEAVES: st.SearchStrategy[Condition] = st.one_of(
    fields_of(SINGLE, LITERALS),
    fields_of(OF_A_LIST, LISTS),
    fields_of(("is_empty",), st.booleans()),
    fields_of(("matches",), st.sampled_from(["a", "^h", "^$", r"\d"])),
    st.builds(Age, st.sampled_from(AGES), HOURS, path=st.sampled_from(PATHS)),
    st.builds(Left, st.sampled_from(AGES), HOURS, path=st.sampled_from(PATHS)),
    st.builds(InState, st.sampled_from(AGES), HOURS, paths=st.just(("Status",))),
    st.builds(
        Idle,
        st.sampled_from(AGES),
        HOURS,
        who=st.sampled_from(["agent", "customer", "anyone"]),
        after_word_of=st.sampled_from([None, "customer"]),
    ),
    st.builds(Spoke, st.sampled_from(["agent", "customer"]), st.sampled_from([None, "word_of.agent", "escalation"])),
    st.sampled_from([Owner("user"), Owner("in_queue", ("Support",)), Owner("member_of", ("Support",))]),
    st.builds(lambda value: TableIs(TABLE, "is", value), st.sampled_from(["Urgent", "Low", "None"])),
    st.builds(
        Text,
        st.lists(st.sampled_from((*PATHS, "comments")), min_size=1, max_size=3).map(tuple),
        st.sampled_from([(parse_phrase("speak to a manager"),), (parse_phrase("rma|high"),)]),
        st.sampled_from([(), (parse_phrase("manager"),)]),
    ),
)


def combined(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    some = st.lists(parts, max_size=3).map(tuple)
    return st.one_of(st.builds(All, some), st.builds(AnyOf, some), st.builds(Not, parts))


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(LEAVES, combined, max_leaves=8)
CASES: st.SearchStrategy[Case] = st.builds(
    lambda fields, bodies: case(fields=fields, comments=[comment(body) for body in bodies]),
    st.dictionaries(st.sampled_from(PATHS), VALUES),
    st.lists(TEXTS, max_size=2),
)
