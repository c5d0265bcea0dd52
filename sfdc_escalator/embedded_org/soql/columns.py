"""Column metadata for `columns=true`: the name and type of each column, nested as the records are."""

from __future__ import annotations

from typing import Any

from sfdc_escalator.embedded_org.soql.shape import Branch
from sfdc_escalator.embedded_org.store.schema import ID_TYPES, NUMBER_TYPES, TEXT_TYPES, Field

_APEX = {"boolean": "Boolean", "datetime": "Datetime", "date": "Date", "time": "Time", "int": "Integer"}


def metadata(shape: Branch) -> list[dict[str, Any]]:
    """The metadata of a record's columns."""
    return [_column(*item) for item in shape.items]


def _column(key: str, place: Any, field: Field | None = None, label: str | None = None) -> dict[str, Any]:
    if field is None:
        below = place if isinstance(place, Branch) else place.shape
        foreign_key = place.foreign_key if isinstance(place, Branch) else None
        joined = {"joinColumns": metadata(below), "foreignKeyName": foreign_key}
        return {**_plain(key), **joined, "aggregate": place is not below, "custom": key.endswith("__r")}
    return {
        **_plain(key),
        "aggregate": label is not None,
        "apexType": None if label else _apex(field),
        "booleanType": field.type == "boolean",
        "custom": field.custom,
        "displayName": label or key,
        "insertable": field.createable and not label,
        "numberType": field.type in NUMBER_TYPES,
        "textType": field.type in TEXT_TYPES and not label,
        "updatable": field.updateable and not label,
    }


def _plain(key: str) -> dict[str, Any]:
    return {
        "aggregate": False,
        "apexType": None,
        "booleanType": False,
        "columnName": key,
        "custom": False,
        "displayName": key,
        "foreignKeyName": None,
        "insertable": False,
        "joinColumns": [],
        "numberType": False,
        "textType": False,
        "updatable": False,
    }


def _apex(field: Field) -> str:
    if field.type in ID_TYPES:
        return "Id"
    return _APEX.get(field.type, "Double" if field.type in NUMBER_TYPES else "String")
