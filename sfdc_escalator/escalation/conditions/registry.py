"""All kinds of conditions by name, in the order in which messages list them."""

from collections.abc import Mapping

from sfdc_escalator.escalation.conditions.declaration import Conditions, Key, Kind, Several, Takes
from sfdc_escalator.escalation.conditions.kinds import (
    age,
    field,
    idle,
    in_state,
    left,
    milestone,
    owner,
    related,
    soql,
    spoke,
    table_is,
    text,
)
from sfdc_escalator.escalation.conditions.tree import All, AnyOf, Not, together

ANY = Kind(
    "One of these is enough.",
    (Key("any", Conditions(), "One of these is enough.", True),),
    lambda given, _: AnyOf(tuple(given["any"])),
    ("{any: [{field: Status, is: New}, {owner: user}]}",),
)
ALL = Kind(
    "All of these.",
    (Key("all", Conditions(), "All of these.", True),),
    lambda given, _: All(tuple(given["all"])),
    ("{all: [{field: Status, is: New}, {owner: user}]}",),
)
NOT = Kind(
    "Not all of these.",
    (Key("not", Conditions(), "Not all of these.", True),),
    lambda given, _: Not(together(given["not"])),
    ("{not: {field: Status, is: New}}",),
)
COMBINED = (ANY, ALL, NOT)
LEAVES = (
    field.KIND,
    age.KIND,
    left.KIND,
    idle.KIND,
    in_state.KIND,
    related.KIND,
    milestone.KIND,
    text.KIND,
    owner.KIND,
    spoke.KIND,
    table_is.KIND,
    soql.KIND,
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (*LEAVES, *COMBINED)}

NAMES_FIELDS = (Takes.FIELD, Takes.TEXT_SOURCE, Several(Takes.FIELD), Several(Takes.TEXT_SOURCE))
FIELD_KEYS = frozenset(key.name for kind in LEAVES for key in kind.keys if key.takes in NAMES_FIELDS)
"""The keys of conditions that name fields of the case."""
