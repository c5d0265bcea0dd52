"""A real case as an example for a policy, redacted: its texts are reduced to the words that the policy itself names."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.clocks.clock import Clock
from sfdc_escalator.escalation.conditions.comparison import as_text, fold, starts
from sfdc_escalator.escalation.conditions.kinds.idle import Idle
from sfdc_escalator.escalation.conditions.kinds.related import Related, name_of
from sfdc_escalator.escalation.conditions.leaf import Leaf
from sfdc_escalator.escalation.conditions.tree import leaves, paths_of
from sfdc_escalator.escalation.decisions.decide import matching
from sfdc_escalator.escalation.decisions.policy_in_org import PolicyInOrg
from sfdc_escalator.escalation.policy.example import Example
from sfdc_escalator.escalation.world.case import Case, Value

GIVEN = frozenset({"CreatedDate", "IsClosed", "OwnerId", "LastModifiedDate"})
ELSE = "..."


def as_example(in_org: PolicyInOrg, case: Case) -> Example:
    """The facts of the case that the policy's conditions read; other texts become `...`."""
    every = [leaf for route in in_org.policy.routes for leaf in leaves(in_org.policy.condition(route))]
    demanded = {path for part in in_org.policy.scope for path in paths_of(part.needs)}  # written even where empty
    route, age = next(matching(in_org, case), None), age_of(case, every, in_org.circumstances)
    closed: dict[str, Value] = {"IsClosed": True} if case.fields.get("IsClosed") is True else {}
    return Example(
        fields=closed
        | {
            path: value
            for path in read(every)
            if (value := redacted(path, case, every)) is not None or path in demanded
        },
        expect=route.name if route else None,
        age=age,
        customer_spoke=spoke(case, "customer", every, in_org.circumstances, age),
        agent_spoke=spoke(case, "agent", every, in_org.circumstances, age),
        related={name_of(leaf.records): count for leaf, count in counts(case, every, in_org.circumstances)},
    )


def read(every: list[Leaf]) -> list[str]:
    """The fields of the case that conditions read."""
    return sorted(frozenset[str]().union(*(paths_of(leaf.needs) for leaf in every)) - GIVEN)


def redacted(path: str, case: Case, every: list[Leaf]) -> Value:
    value = case.fields.get(path)
    if not isinstance(value, (str, frozenset)):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else value
    if isinstance(value, frozenset):
        return frozenset(one if fold(one) in named(path, every) else ELSE for one in value) or None
    if not value.strip():
        return None
    if fold(value) in named(path, every):
        return value.strip()
    return parts_of(value, path, every) or ELSE


def named(path: str, every: list[Leaf]) -> set[str]:
    """The values that the policy itself names for the field, folded."""
    return {fold(as_text(one)) for leaf in every for one in leaf.named_for(path)}


def parts_of(value: str, path: str, every: list[Leaf]) -> str:
    """The parts of the text that conditions look for or ignore; its beginning first, where one needs it."""
    kept = (part for leaf in every for part in leaf.parts_named(path, value))
    ordered = sorted(kept, key=lambda part: -len(part) if starts(value, part) else 1)
    return f" {ELSE} ".join(dict.fromkeys(ordered))


def age_of(case: Case, every: list[Leaf], circumstances: Circumstances) -> timedelta:
    """The case's age; where a condition counts it by a calendar, the time on that clock."""
    clocks = (leaf for leaf in every if isinstance(leaf, Clock) and leaf.calendar and "CreatedDate" in leaf.needs)
    shown = next((leaf.look(case, circumstances) for leaf in clocks), None)
    return shown if shown is not None else circumstances.now - case.created


def spoke(case: Case, who: str, every: list[Leaf], circumstances: Circumstances, age: timedelta) -> timedelta | None:
    """The time since then, by the clock of the condition; at most the age of the case."""
    last = max((one.at for one in case.comments if one.speaker == who), default=None)
    if last is None:
        return None
    clocks = (leaf for leaf in every if isinstance(leaf, Idle) and leaf.calendar and not leaf.after_word_of)
    shown = next((leaf.look(case, circumstances) for leaf in clocks if leaf.who in (who, "anyone")), None)
    return min(age, max(circumstances.now - last, timedelta()) if shown is None else shown)


def counts(case: Case, every: list[Leaf], circumstances: Circumstances) -> Iterator[tuple[Related, int]]:
    for leaf in every:
        if isinstance(leaf, Related) and (count := leaf.look(case, circumstances)):
            yield leaf, count
