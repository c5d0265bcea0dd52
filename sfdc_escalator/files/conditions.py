"""Conditions as the file says them into conditions as they are judged."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sfdc_escalator.escalation.case import long_id
from sfdc_escalator.escalation.comparison import Literal_
from sfdc_escalator.escalation.criteria import Age, All, AnyOf, Condition, Field, Not, Text
from sfdc_escalator.escalation.words import Phrase, parse_phrase
from sfdc_escalator.files.shape import AgeShape, AllShape, AnyShape, FieldShape, NotShape, TextShape

Words = Mapping[str, Sequence[str]]


def conditions(shapes: Sequence[Any], words: Words) -> tuple[Condition, ...]:
    return tuple(condition(shape, words) for shape in shapes)


def condition(shape: Any, words: Words) -> Condition:
    match shape:
        case FieldShape():
            return together([Field(shape.field, operator, operand) for operator, operand in comparisons(shape)])
        case AgeShape():
            limits = shape.said().items()
            return together([Age(shape.age, operator, limit) for operator, limit in limits if operator != "age"])  # type: ignore[arg-type]
        case TextShape():
            return Text(tuple(shape.text), phrases(shape.mentions, words), phrases(shape.ignoring, words))
        case AnyShape():
            return AnyOf(conditions(shape.any, words))
        case AllShape():
            return All(conditions(shape.all, words))
        case NotShape():
            return Not(together(conditions(shape.not_, words)))
    raise AssertionError(f"{type(shape).__name__} is no condition")


def together(parts: Sequence[Condition]) -> Condition:
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def route_condition(when: Sequence[Any], unless: Sequence[Any], words: Words) -> Condition:
    """`when` without `unless`: all of the one, none of the other."""
    without = conditions(unless, words)
    barred = [Not(without[0] if len(without) == 1 else AnyOf(without))] if without else []
    return together([*conditions(when, words), *barred])


def comparisons(shape: FieldShape) -> Iterator[tuple[Any, Any]]:
    """Operators with their operands. Record ids take the form in which the org gives them."""
    is_id = shape.field.endswith("Id")
    for operator, said in shape.said().items():
        if operator == "field":
            continue
        operand = tuple(said) if isinstance(said, list) else said
        if is_id and operator in ("is", "is_not", "in", "not_in"):
            operand = tuple(map(full_id, operand)) if isinstance(operand, tuple) else full_id(operand)
        yield operator, operand


def full_id(operand: Literal_) -> Literal_:
    try:
        return long_id(operand.strip()) if isinstance(operand, str) else operand
    except ValueError:
        return operand


def phrases(items: Sequence[str], words: Words) -> tuple[Phrase, ...]:
    """`words.name` stands for all the phrases of that list."""
    texts = (text for item in items for text in words_of(item, words))
    return tuple(dict.fromkeys(parse_phrase(text) for text in texts))


def words_of(item: str, words: Words) -> Sequence[str]:
    return words[item.removeprefix("words.")] if item.startswith("words.") else (item,)
