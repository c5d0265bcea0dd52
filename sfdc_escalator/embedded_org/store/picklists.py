"""The values of picklists: those that are offered, then those in use."""

from __future__ import annotations

from sfdc_escalator.embedded_org.store import schema
from sfdc_escalator.embedded_org.store.database import Database, folded, quoted
from sfdc_escalator.embedded_org.store.schema import ID_TYPES, Field, SObject

_MOST_VALUES = 1_000


def values(database: Database, sobject: SObject, field: Field) -> list[str]:
    """The values in the order of the picklist; values in use that are not offered come last, in the order of texts."""
    if field.type not in ("picklist", "multipicklist") or field.type in ID_TYPES:
        return []
    names = schema.picklists().get(f"{sobject.name}.{field.name}", [])
    if (sobject.name, field.name) == ("Case", "Status"):
        names = [row[0] for row in database.query("SELECT ApiName FROM CaseStatus ORDER BY SortOrder")]
    used = (
        database.query(
            f"SELECT DISTINCT {quoted(field.name)} FROM {quoted(sobject.name)} WHERE {quoted(field.name)} IS NOT NULL "  # noqa: S608
            f"ORDER BY 1 LIMIT {_MOST_VALUES}"
        )
        if sobject.prefix
        else []
    )
    found = [part for row in used for part in str(row[0]).split(";" if field.type == "multipicklist" else "\x00")]
    return list(dict.fromkeys([*names, *found]))


def register_order(database: Database, name: str, sobject: SObject, field: Field) -> None:
    """Makes the collation `name` sort by the order of the picklist, as Salesforce does (SOQL reference, ORDER BY)."""
    places = {folded(each): place for place, each in enumerate(values(database, sobject, field))}
    database.sort_by(name, lambda text: (places.get(folded(text), len(places)), text.upper()))
