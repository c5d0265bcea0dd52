"""The facts that show whether a person acted on an escalation."""

from dataclasses import replace

from sfdc_escalator.escalation.conditions.condition import Condition
from sfdc_escalator.escalation.conditions.kinds.field import Field
from sfdc_escalator.escalation.conditions.kinds.owner import Owner
from sfdc_escalator.escalation.conditions.kinds.related import Related
from sfdc_escalator.escalation.conditions.tree import AnyOf, leaves
from sfdc_escalator.escalation.world.needs import AUTHOR, FieldChanges, Lookup, Need, Records

OWNER = "OwnerId"


def paths_of_history(condition: Condition) -> frozenset[str]:
    """The fields whose history shows when the condition came to hold."""
    found = {need.path for need in condition.needs if isinstance(need, FieldChanges)}
    return frozenset(found | {leaf.path for leaf in leaves(condition) if isinstance(leaf, Field)})


def lookups_of_proof(condition: Condition) -> frozenset[Lookup]:
    """The lookups that show the acts: messages, records, and the history of fields."""
    own = {need for need in condition.needs if not isinstance(need, str)}
    own |= {with_author(leaf.records) for leaf in leaves(condition) if isinstance(leaf, Related)}
    history = {FieldChanges(path) for path in paths_of_history(condition) if "." not in path}
    owner = {FieldChanges(OWNER)} if any(isinstance(leaf, Owner) for leaf in leaves(condition)) else set()
    return frozenset[Lookup](own | history | owner)


def with_author(records: Records) -> Records:
    """The records with the fields that tell who made them."""
    return replace(records, fields=tuple(dict.fromkeys((*records.fields, *AUTHOR))))


def needs_of_proof(condition: Condition) -> frozenset[Need]:
    return condition.needs | lookups_of_proof(condition)


def asking_author(leaf: Related) -> Related:
    """The same condition on records that are read with who made them."""
    return replace(leaf, records=with_author(leaf.records))


def shown(condition: Condition, refused: frozenset[Need]) -> Condition | None:
    """The part of the condition that can be proved without these needs, which the org refuses; None where there is
    none: what was not read proves nothing."""
    if refused.isdisjoint(needs_of_proof(condition)):
        return condition
    if not isinstance(condition, AnyOf):
        return None
    left = tuple(part for one in condition.parts if (part := shown(one, refused)))
    return AnyOf(left) if left else None
