"""A compiled query: SQL with its values, and the shape of the answered records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sfdc_escalator.embedded_org.store.schema import Field, SObject

PARENTS = "/*parents*/"


@dataclass(slots=True)
class Branch:
    """The fields of one record: items are (key, column, Field, label), (key, Branch) or (key, Plan of children)."""

    type: str
    id_index: int = 0
    type_index: int | None = None  # of a polymorphic parent, whose url names the real object
    foreign_key: str | None = None  # of a parent
    items: list[tuple[Any, ...]] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """A compiled query of kind rows, count or groups; `sql` of a child has PARENTS in place of the parents' marks."""

    kind: str
    sobject: SObject
    sql: str
    values: list[Any]
    shape: Branch
    children: list[Plan] = field(default_factory=list)
    limit: int | None = None
    columns: int = 0
    long_texts: int = 0
    picklists: dict[str, tuple[SObject, Field]] = field(default_factory=dict)  # collation -> the picklist it sorts by
