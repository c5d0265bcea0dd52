"""The answers of many conditions. Most of them ask for a value of one field, and no case has more than one of these."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

from sfdc_escalator.escalation.conditions.answering.answers import NONE, Answer, answer_of, conjuncts
from sfdc_escalator.escalation.conditions.comparison import as_text, fold, options
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.tables import Table
from sfdc_escalator.escalation.world.case import Case
from sfdc_escalator.escalation.world.needs import Need

T = TypeVar("T")


class Answers(Generic[T]):
    """The answer of each condition, with the thing that it belongs to."""

    def __init__(self, conditions: Sequence[tuple[T, Condition]], unread: frozenset[Need] = NONE) -> None:
        self.all = tuple((thing, answer_of(condition, unread)) for thing, condition in conditions)
        asked = [values_asked(condition, unread) for _, condition in conditions]
        distinct = Counter(path for path, _ in {(path, value) for one in asked for path in one for value in one[path]})
        self._path = max(distinct, key=lambda path: distinct[path], default="")
        self._places = dict[str | None, list[int]]({None: []})
        """By the value that they ask of the field; None has those that ask for none."""
        for place, one in enumerate(asked):
            for value in one.get(self._path, (None,)):
                self._places.setdefault(value, []).append(place)
        others = tuple(self.all[place] for place in self._places[None])
        self._by_value = dict[str | None, tuple[tuple[T, Answer], ...]]({None: others})

    def of(self, case: Case) -> Sequence[tuple[T, Answer]]:
        """Those whose condition may hold, in their order: the others ask for another value of the field."""
        value = case.fields.get(self._path)
        if value is not None and type(value) is not str:
            return self.all
        asked = folded if value is not None and (folded := fold(value)) in self._places else None
        if asked not in self._by_value:
            places = sorted((*self._places[asked], *self._places[None]))
            self._by_value[asked] = tuple(self.all[place] for place in places)
        return self._by_value[asked]


def values_asked(condition: Condition, unread: frozenset[Need]) -> Mapping[str, frozenset[str]]:
    """The texts of which a field must have one, folded, by the path of the field. An empty field has none."""
    found = dict[str, frozenset[str]]()
    for one in conjuncts(condition):
        if isinstance(one, Field) and one.operator in ("is", "in") and one.path not in unread:
            asked = () if isinstance(one.operand, Table) else options(one.operand)
            if asked and not any(isinstance(value, bool) for value in asked):  # an empty checkbox is false
                found[one.path] = frozenset(fold(as_text(value)) for value in asked)
    return found
