"""The examples of a policy as questions: would this case be escalated?"""

from collections.abc import Iterator
from typing import NamedTuple

from sfdc_escalator.escalation.conditions.clauses.wording import CASE, comparison, label, listed, quoted, time_words
from sfdc_escalator.escalation.policy.example import Example
from sfdc_escalator.escalation.world.case import Value
from sfdc_escalator.reports.html.words import sentence, title


class Question(NamedTuple):
    """The facts of a made-up case, and the answer."""

    facts: str
    answer: str
    more: tuple[str, ...]


def questions(examples: tuple[Example, ...]) -> Iterator[Question]:
    for one in examples:
        facts = list(facts_of(one))
        text = sentence(listed(facts, "and") if facts else "a case of which nothing else is known")
        if one.expect is None:
            yield Question(text, "No.", ())
        else:
            yield Question(text, f"Yes, by {title(one.expect)}.", tuple(more_of(one)))


def facts_of(one: Example) -> Iterator[str]:
    yield from (fact(path, value) for path, value in one.fields.items())
    if one.age is not None:
        yield f"the case is {time_words(one.age)} old"
    if one.customer_spoke is not None:
        yield f"the customer last wrote {time_words(one.customer_spoke)} ago"
    if one.agent_spoke is not None:
        yield f"an agent last wrote {time_words(one.agent_spoke)} ago"
    for name, count in one.related.items():
        through, _, relation = name.rpartition(".")
        yield f"the {through.lower() or 'case'} has {count} of {label(relation)}"


def fact(path: str, value: Value) -> str:
    if isinstance(value, (str, int, float, bool)):
        return comparison(path, "is", value, True, CASE)
    return f"{path} is {'empty' if value is None else value}"


def more_of(one: Example) -> Iterator[str]:
    steps = {key: quoted(value) for key, value in one.steps.items()}
    if steps:
        yield sentence(f"after the steps {has(steps)}")
    for later in one.later:
        values = {key: quoted(value) for key, value in later.steps.items()}
        yield sentence(f"{time_words(later.after)} later, when nobody acts, {has(values)}")


def has(steps: dict[str, str]) -> str:
    return listed([f"its {key} is {value}" for key, value in steps.items()], "and")
