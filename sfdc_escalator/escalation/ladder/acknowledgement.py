"""The proof that a person acted on an escalation: an act after its start, by a person who is not us.

An act counts even if it was undone before anybody looked, where the history of the case shows it. A value that already
held at the start proves nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sfdc_escalator.escalation.conditions.circumstances import Circumstances
from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.owner import Owner
from sfdc_escalator.escalation.conditions.kinds.related import Related
from sfdc_escalator.escalation.conditions.kinds.spoke import Spoke
from sfdc_escalator.escalation.conditions.leaf import Leaf
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, leaves
from sfdc_escalator.escalation.policy.proof_needs import OWNER, asking_author, paths_of_history
from sfdc_escalator.escalation.world.case import Case, FieldChange, Value
from sfdc_escalator.escalation.world.ladder_facts import Acknowledged
from sfdc_escalator.escalation.world.needs import AUTHOR


@dataclass(frozen=True, slots=True)
class Escalated:
    """The escalation that is to be acknowledged: its start, the owner that our steps left, and the conditions that
    held at the start already. `us` are our own users, whose records prove nothing."""

    started: datetime
    owner: str | None
    proved: frozenset[str]
    us: frozenset[str] = frozenset()


def acknowledgement(
    condition: Condition, case: Case, escalated: Escalated, circumstances: Circumstances
) -> Acknowledged | None:
    """The act that acknowledges the escalation, or None. Of several that each prove it the earliest counts."""
    since = replace(circumstances, escalated_at=escalated.started, newer_messages=False)
    return proof(condition, case, escalated, since)


def proof(condition: Condition, case: Case, escalated: Escalated, circumstances: Circumstances) -> Acknowledged | None:
    parts: Iterable[Acknowledged | None]
    if isinstance(condition, AnyOf):
        parts = (proof(part, case, escalated, circumstances) for part in condition.parts)
        return min(filter(None, parts), default=None, key=lambda one: one.at)
    if isinstance(condition, All):
        parts = [proof(part, case, escalated, circumstances) for part in condition.parts]
        found = [one for one in parts if one]
        return max(found, key=lambda one: one.at) if found and len(found) == len(condition.parts) else None
    if isinstance(condition, Leaf):
        return PROOFS.get(type(condition), by_value)(condition, case, escalated, circumstances)
    return by_value(condition, case, escalated, circumstances)


def by_owner(leaf: Owner, case: Case, escalated: Escalated, circumstances: Circumstances) -> Acknowledged | None:
    """A person gave the case to an owner of this kind after the start. Without history, it has another one now."""
    changes = case.field_changes.get(OWNER)
    if changes is None:
        is_other = case.owner_id != escalated.owner
        return (
            Acknowledged(circumstances.now, None, leaf.kind) if is_other and leaf.holds(case, circumstances) else None
        )

    def is_one(owner: Value) -> bool:
        return isinstance(owner, str) and leaf.holds(replace(case, owner_id=owner), circumstances)

    return first(leaf, (one for one in acts(changes, escalated) if is_one(one.after)))


def by_word(leaf: Spoke, case: Case, escalated: Escalated, circumstances: Circumstances) -> Acknowledged | None:
    """They wrote after the start, and after the time that the condition names."""
    if not leaf.holds(case, circumstances):
        return None
    spoken = (
        Acknowledged(one.at, one.author or None, leaf.kind)
        for one in case.comments
        if one.speaker == leaf.who and one.at > escalated.started and (one.by_person or leaf.who == "customer")
    )
    return min(spoken, default=None, key=lambda one: one.at)


def by_record(leaf: Related, case: Case, escalated: Escalated, circumstances: Circumstances) -> Acknowledged | None:
    """There are as many records as it asks for, and a person made one of them after the start."""
    leaf = asking_author(leaf)
    if not leaf.holds(case, circumstances):
        return None
    newer = (one for one in leaf.counted(case, circumstances) if one.created > escalated.started)
    found = min((one for one in newer if is_of_a_person(one, escalated.us)), default=None, key=lambda one: one.created)
    return Acknowledged(found.created, str(found.fields["CreatedById"]), leaf.kind) if found else None


def is_of_a_person(record: Case, us: frozenset[str]) -> bool:
    author, user_type, is_active = (record.fields.get(path) for path in AUTHOR)
    return user_type == "Standard" and is_active is True and author not in us


def by_value(leaf: Condition, case: Case, escalated: Escalated, circumstances: Circumstances) -> Acknowledged | None:
    """It did not hold at the start, and a person made it hold; where no history shows it, it holds now."""
    if name_of(leaf) in escalated.proved:
        return None
    if isinstance(leaf, Field) and leaf.path in case.field_changes:
        changed = (
            one for one in acts(case.field_changes[leaf.path], escalated) if held(leaf, one, case, circumstances)
        )
        return first(leaf, changed)
    if not leaf.holds(case, circumstances):
        return None
    changes = [one for path in paths_of_history(leaf) for one in case.field_changes.get(path, ())]
    if newer := [one for one in changes if one.at > escalated.started]:
        last = max(acts(newer, escalated), default=None, key=lambda one: one.at)
        return Acknowledged(last.at, last.by or None, kind_of(leaf)) if last else None
    return Acknowledged(circumstances.now, None, kind_of(leaf))


def held(leaf: Field, change: FieldChange, case: Case, circumstances: Circumstances) -> bool:
    return leaf.holds(replace(case, fields={**case.fields, leaf.path: change.after}), circumstances)


def kind_of(condition: Condition) -> str:
    return condition.kind if isinstance(condition, Leaf) else "not"


PROOFS: dict[type[Leaf], Callable[..., Acknowledged | None]] = {Owner: by_owner, Spoke: by_word, Related: by_record}
"""Every other kind is proved by its value."""


def acts(changes: Iterable[FieldChange], escalated: Escalated) -> Iterator[FieldChange]:
    """The changes by people who are not us, after the start."""
    return (one for one in changes if one.by_person and one.at > escalated.started)


def first(leaf: Leaf, changes: Iterable[FieldChange]) -> Acknowledged | None:
    found = min(changes, default=None, key=lambda one: one.at)
    return Acknowledged(found.at, found.by or None, leaf.kind) if found else None


def proved_at(condition: Condition, case: Case, circumstances: Circumstances) -> tuple[str, ...]:
    """The conditions on values that hold already when the escalation is planned: they prove no later act."""
    values = (one for one in parts_of(condition) if not isinstance(one, (Owner, Spoke, Related)))
    return tuple(sorted({name_of(one) for one in values if one.holds(case, circumstances)}))


def parts_of(condition: Condition) -> Iterator[Condition]:
    if isinstance(condition, (All, AnyOf)):
        for part in condition.parts:
            yield from parts_of(part)
    else:
        yield condition


def name_of(condition: Condition) -> str:
    if isinstance(condition, Leaf):
        return condition.brief
    return "not " + " ".join(leaf.brief for leaf in leaves(condition))


def may_hold_by_value(condition: Condition, case: Case, escalated: Escalated, circumstances: Circumstances) -> bool:
    """True where the state of the case alone suggests that somebody acted, so that the case is worth a closer look."""
    since = replace(circumstances, escalated_at=escalated.started)
    return any(suggests(part, case, escalated, since) for part in parts_of(condition))


def suggests(part: Condition, case: Case, escalated: Escalated, circumstances: Circumstances) -> bool:
    if isinstance(part, (Spoke, Related)):
        return False  # a new record of the case shows it
    if isinstance(part, Owner):
        return case.owner_id != escalated.owner and part.holds(case, circumstances)
    return name_of(part) not in escalated.proved and part.holds(case, circumstances)
