"""Conditions as the file says them into conditions as they are judged."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sfdc_escalator.escalation.conditions.clocks import Age, Idle, InState, Left
from sfdc_escalator.escalation.conditions.comparison import Literal_
from sfdc_escalator.escalation.conditions.facts import Field, Owner, Soql, TableIs
from sfdc_escalator.escalation.conditions.related import Milestone, Related
from sfdc_escalator.escalation.conditions.speech import Spoke, Text
from sfdc_escalator.escalation.conditions.stopped_clock import BusinessHours, CalendarRef, Calendars
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Condition, Not, paths_of
from sfdc_escalator.escalation.conditions.words import Phrase, parse_phrase
from sfdc_escalator.escalation.time.calendars import Calendar
from sfdc_escalator.escalation.world.case import long_id
from sfdc_escalator.escalation.world.needs import Records
from sfdc_escalator.files.language.condition_shapes import LIMITS


@dataclass(frozen=True, slots=True)
class Terms:
    """What the policy declares and its conditions name. `queues` is the queue of each team that has one."""

    words: Mapping[str, Sequence[str]]
    calendars: Mapping[str, Calendar]
    queues: Mapping[str, str]


def conditions(shapes: Sequence[Any], terms: Terms) -> tuple[Condition, ...]:
    return tuple(condition(shape, terms) for shape in shapes)


def condition(shape: Any, terms: Terms) -> Condition:
    return KINDS[shape.allowed()[0]](shape, terms)


def field(shape: Any, terms: Terms) -> Condition:
    return together([Field(shape.field, operator, operand) for operator, operand in comparisons(shape, "field")])


def age(shape: Any, terms: Terms) -> Condition:
    pause = together(conditions(shape.except_while, terms)) if shape.except_while else None
    calendar = calendar_of(shape.calendar, terms)
    return together([Age(*one, calendar, path=shape.age, except_while=pause) for one in limits(shape)])


def left(shape: Any, terms: Terms) -> Condition:
    return together([Left(*one, path=shape.left) for one in limits(shape)])


def idle(shape: Any, terms: Terms) -> Condition:
    calendar, after = calendar_of(shape.calendar, terms), shape.after_word_of
    return together([Idle(*one, calendar, who=shape.idle, after_word_of=after) for one in limits(shape)])


def in_state(shape: Any, terms: Terms) -> Condition:
    calendar = calendar_of(shape.calendar, terms)
    return together([InState(*one, calendar, paths=tuple(shape.in_state)) for one in limits(shape)])


def related(shape: Any, terms: Terms) -> Condition:
    where = together(conditions(shape.where, terms)) if shape.where else None
    fields = tuple(sorted(paths_of(where.needs))) if where else ()
    back = shape.within if shape.same else None
    records = Records(shape.related, fields, shape.through or "", tuple(shape.same), back)
    counts = list(limits(shape)) or [("at_least", 1)]
    return together([Related(records, operator, n, where, shape.within, shape.since) for operator, n in counts])


def milestone(shape: Any, terms: Terms) -> Condition:
    found = Milestone(shape.milestone, name=shape.name or None)
    return found if shape.within is None else Milestone(shape.milestone, shape.within, shape.name or None)


def text(shape: Any, terms: Terms) -> Condition:
    words = terms.words
    return Text(tuple(shape.text), phrases(shape.mentions, words), phrases(shape.ignoring, words))


def owner(shape: Any, terms: Terms) -> Condition:
    return Owner(shape.owner, tuple(dict.fromkeys(terms.queues.get(name, name) for name in shape.in_)))


def spoke(shape: Any, terms: Terms) -> Condition:
    return Spoke(shape.spoke, shape.since)


def table_is(shape: Any, terms: Terms) -> Condition:
    return together([TableIs(shape.table, operator, operand) for operator, operand in comparisons(shape, "table")])


def soql(shape: Any, terms: Terms) -> Condition:
    return Soql(shape.soql)


KINDS: Mapping[str, Callable[[Any, Terms], Condition]] = {
    "field": field, "age": age, "left": left, "idle": idle, "in_state": in_state, "related": related,
    "milestone": milestone, "text": text, "owner": owner, "spoke": spoke, "table": table_is, "soql": soql,
    "any": lambda shape, terms: AnyOf(conditions(shape.any, terms)),
    "all": lambda shape, terms: All(conditions(shape.all, terms)),
    "not": lambda shape, terms: Not(together(conditions(shape.not_, terms))),
}  # fmt: skip


def limits(shape: Any) -> Iterator[tuple[Any, Any]]:
    return ((name, value) for name, value in shape.said().items() if name in LIMITS)


def calendar_of(said: str | BusinessHours | Table[str] | None, terms: Terms) -> Calendars:
    if isinstance(said, Table):
        return said.mapped(lambda name: known_calendar(name, terms))
    return None if said is None else known_calendar(said, terms)


def known_calendar(name: str | BusinessHours, terms: Terms) -> CalendarRef:
    return name if isinstance(name, BusinessHours) else terms.calendars[name]


def together(parts: Sequence[Condition]) -> Condition:
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def route_condition(when: Sequence[Any], unless: Sequence[Any], terms: Terms) -> Condition:
    """`when` without `unless`: all of the one, none of the other."""
    without = conditions(unless, terms)
    barred = [Not(without[0] if len(without) == 1 else AnyOf(without))] if without else []
    return together([*conditions(when, terms), *barred])


def comparisons(shape: Any, subject: str) -> Iterator[tuple[Any, Any]]:
    """Operators with their operands. Record ids take the form in which the org gives them."""
    is_id = subject == "field" and shape.field.endswith("Id")
    for operator, said in shape.said().items():
        if operator == subject:
            continue
        operand = tuple(said) if isinstance(said, list) else said
        if is_id and operator in ("is", "is_not", "in", "not_in") and not isinstance(operand, Table):
            operand = tuple(map(full_id, operand)) if isinstance(operand, tuple) else full_id(operand)
        yield operator, operand


def full_id(operand: Literal_) -> Literal_:
    try:
        return long_id(operand.strip()) if isinstance(operand, str) else operand
    except ValueError:
        return operand


def phrases(items: Sequence[str], words: Mapping[str, Sequence[str]]) -> tuple[Phrase, ...]:
    """`words.name` stands for all the phrases of that list."""
    texts = (text for item in items for text in words_of(item, words))
    return tuple(dict.fromkeys(parse_phrase(text) for text in texts))


def words_of(item: str, words: Mapping[str, Sequence[str]]) -> Sequence[str]:
    return words[item.removeprefix("words.")] if item.startswith("words.") else (item,)
