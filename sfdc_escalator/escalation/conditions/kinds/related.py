"""`related`: the number of records next to the case."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clauses.wording import CASE, OPPOSITE, Clause, label, listed, time_words
from sfdc_escalator.escalation.conditions.comparison import Operator
from sfdc_escalator.escalation.conditions.condition import Condition, Finding
from sfdc_escalator.escalation.conditions.declaration import Conditions, Given, Key, Kind, OneOf, Several, Takes, Terms
from sfdc_escalator.escalation.conditions.findings import compared, in_words, shown
from sfdc_escalator.escalation.conditions.leaf import Comparison, Demand, Lack, Leaf, Miss, asked_of, share_of
from sfdc_escalator.escalation.conditions.shared_keys import limits, side_keys
from sfdc_escalator.escalation.conditions.speech.messages import SINCE, SINCE_WORDS, Since, since_when
from sfdc_escalator.escalation.conditions.tree import (
    All,
    AnyOf,
    comparisons_in,
    paths_of,
    searches,
    sentence_of,
    together,
    unclear,
)
from sfdc_escalator.escalation.world.case import Case, Value
from sfdc_escalator.escalation.world.needs import MESSAGES, Need, Records

COUNTS: Mapping[Operator, Callable[[int, int], bool]] = {
    "at_least": lambda count, limit: count >= limit,
    "at_most": lambda count, limit: count <= limit,
    "more_than": lambda count, limit: count > limit,
    "less_than": lambda count, limit: count < limit,
}


def judged_alone(record: Mapping[str, Value]) -> Case:
    """A record as the subject of field and age conditions."""
    created = record.get("CreatedDate")
    assert isinstance(created, datetime)
    return Case(id="", number="", owner_id="", status=None, priority=None, created=created, fields=record)


@dataclass(frozen=True, slots=True)
class Related(Leaf):
    """The number of records that match all of `where`, are at most `within` old and newer than `since`.

    `where` may look at fields and ages of the record. With `same` the case counts itself.
    """

    kind: ClassVar[str] = "related"
    records: Records
    operator: Operator
    count: int
    where: Condition | None = None
    within: timedelta | None = None
    since: Since | None = None

    def counted(self, case: Case, circumstances: Circumstances) -> list[Case]:
        start = since_when(self.since, case, circumstances) if self.since else None
        if self.since and start is None:
            return []
        records = map(judged_alone, case.related.get(self.records, ()))
        return [
            one
            for one in records
            if (start is None or one.created > start)
            and (self.within is None or one.created >= circumstances.now - self.within)
            and (self.where is None or self.where.holds(one, circumstances))
        ]

    def look(self, case: Case, circumstances: Circumstances) -> int | None:
        return len(self.counted(case, circumstances)) if self.records in case.related else None

    def holds(self, case: Case, circumstances: Circumstances) -> bool:
        count = self.look(case, circumstances)
        return count is not None and COUNTS[self.operator](count, self.count)

    @property
    def searches(self) -> bool:
        return self.where is not None and searches(self.where)

    def unclear(self, case: Case, circumstances: Circumstances) -> str | None:
        if self.where is None or not self.searches:
            return None
        records = map(judged_alone, case.related.get(self.records, ()))
        return next(filter(None, (unclear(self.where, one, circumstances) for one in records)), None)

    def crossings(self, case: Case, circumstances: Circumstances) -> Iterator[datetime]:
        for one in map(judged_alone, case.related.get(self.records, ())):
            if self.within is not None:
                yield one.created + self.within
            if self.where is not None:
                yield from self.where.crossings(one, circumstances)

    @property
    def needs(self) -> frozenset[Need]:
        messages = MESSAGES if self.since and self.since != "escalation" else frozenset()
        return frozenset({self.records, *self.records.same, *messages})

    def comparisons(self) -> Iterator[Comparison]:
        for one in comparisons_in(self.where) if self.where else ():
            yield one._replace(records=self.records)

    def described(self, finding: Finding) -> str:
        records, seen = self.records, "cannot be read" if finding.seen is None else shown(finding.seen)
        through = f" through {records.through}" if records.through else ""
        same = f" with the same {' and '.join(records.same)}" if records.same else ""
        asked = f"{in_words(self.operator)} {self.count}"
        return compared(f"{records.relation}{through}{same}: {seen}", asked, finding)

    def missed(self, finding: Finding) -> Miss:
        seen, needed = finding.seen, self.needed
        if needed is None or not isinstance(seen, int):
            return Miss(self.described(finding))
        return Miss(f"needs {needed} or more {self.records.relation}, has {seen}", share=share_of(seen, needed))

    def lack(self, case: Case, circumstances: Circumstances) -> Lack:
        return Lack(share=share_of(self.look(case, circumstances), self.needed))

    @property
    def needed(self) -> int | None:
        """The least number of records, where more of them make it hold."""
        return self.count + (self.operator == "more_than") if self.operator in ("at_least", "more_than") else None

    @property
    def brief(self) -> str:
        return f"related {self.records.relation} {in_words(self.operator)} {self.count}"

    def clause(self, holds: bool = True, subject: str = CASE) -> Clause:
        return related_clause(self, holds, subject)

    @property
    def subject(self) -> object:
        return "related", replace(self, operator="at_least", count=0)

    def possible(self, demands: Sequence[Demand]) -> bool:
        """Counts begin with zero. Records that cannot be read match no count."""
        asked = asked_of(Related, demands)
        if not any(holds for _, holds in asked):
            return True
        most = max(one.count for one, _ in asked)
        counts = [*range(most + 2)] if most < 1000 else [*range(3), *(most + away for away in (-1, 0, 1))]
        return any(all(COUNTS[one.operator](count, one.count) == holds for one, holds in asked) for count in counts)

    def in_example(self, counts: Mapping[str, int]) -> Condition:
        """The count that the example gives decides."""
        return All(()) if COUNTS[self.operator](counts.get(name_of(self.records), 0), self.count) else AnyOf(())


def related_clause(one: Related, holds: bool, subject: str) -> Clause:
    """`the contact has at least 2 Return Orders that are at most 365 days old`"""
    records = one.records
    whose = f"the {records.through.lower()}" if records.through else subject
    same = f" with the same {listed([label(path) for path in records.same], 'and')}" if records.same else ""
    new = f" that {'is' if one.count == 1 else 'are'} at most {time_words(one.within)} old" if one.within else ""
    since = f" made after {SINCE_WORDS[one.since]}" if one.since else ""
    where = f", counting only those where {sentence_of(one.where, 'the record')}" if one.where else ""
    has = f"there are {{}} {label(records.relation)}" if records.same else f"{whose} has {{}} {label(records.relation)}"
    return Clause(
        has.format(count_words(one.operator if holds else OPPOSITE[one.operator], one.count))
        + same
        + new
        + since
        + where
    )


def count_words(operator: Operator, count: int) -> str:
    """`2 or more`, `no`, `fewer than 3`"""
    if operator == "at_least":
        return f"{count or 'any number of'} or more" if count != 1 else "one or more"
    if (operator, count) in (("at_most", 0), ("less_than", 1)):
        return "no"
    return f"{ {'at_most': 'at most', 'more_than': 'more than'}.get(operator, 'fewer than') } {count}"


def name_of(records: Records) -> str:
    """The name of these records in an example: `Tasks`, or `Contact.ReturnOrders`."""
    return f"{records.through}.{records.relation}" if records.through else records.relation


def build(given: Given, terms: Terms) -> Condition:
    where = together(given["where"]) if "where" in given else None
    fields = tuple(sorted(paths_of(where.needs))) if where else ()
    same, within, since = tuple(given.get("same", ())), given.get("within"), given.get("since")
    records = Records(given["related"], fields, given.get("through", ""), same, within if same else None)
    counts = list(limits(given)) or [("at_least", 1)]
    return together([Related(records, operator, count, where, within, since) for operator, count in counts])


KIND = Kind(
    about="The number of records next to the case.",
    keys=(
        Key(
            "related",
            Takes.RELATION,
            "Records that belong to the case, by their relationship, such as Tasks or ReturnOrders.",
            True,
        ),
        Key("through", OneOf(("Contact", "Account")), "The records of all cases of this contact or account."),
        Key("same", Several(Takes.FIELD), "All records that have the same values in these fields as the case."),
        Key(
            "where",
            Conditions(("field", "age", "any", "all", "not")),
            "Which of the records count: conditions on their fields and ages.",
        ),
        Key("since", OneOf(SINCE), "Only records that are newer than this."),
        Key("within", Takes.DURATION, "Only records that are at most this old."),
        *side_keys(Takes.COUNT, "The number of records is {}."),
    ),
    build=build,
    examples=("{related: Tasks, at_least: 1, where: {field: Status, is: Open}}", "{related: Tasks, at_most: 0}"),
)
