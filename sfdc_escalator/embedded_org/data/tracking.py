"""The fields of Case with a history (Object Reference, FieldDefinition)."""

from __future__ import annotations

from sfdc_escalator.embedded_org.basics import ids
from sfdc_escalator.embedded_org.data.data_folder import Folder
from sfdc_escalator.embedded_org.records import case_rules
from sfdc_escalator.embedded_org.store.automation import Automation


def track(folder: Folder) -> None:
    """Gives a history to the usual fields, and to those with a history in the data."""
    case = ids.make("4ie", 1)
    sharing = {"InternalSharingModel": "ReadWriteTransfer"}
    folder.table("EntityDefinition").add({"Id": case, "QualifiedApiName": "Case", **sharing})
    definitions = folder.table("FieldDefinition")
    kept = {*case_rules.TRACKED, *(each.get("Field") for each in folder.table("CaseHistory").records)}
    for name in folder.schema["Case"].fields:
        tracked = int(name in kept)
        definitions.add({"QualifiedApiName": name, "IsFieldHistoryTracked": tracked, "EntityDefinitionId": case})


def retrack(folder: Folder, automation: Automation) -> None:
    """Gives a history to the fields that the folder's rules name, or takes it."""
    for kind, tracked in (("tracked", 1), ("untracked", 0)):
        names = {name for rule in automation.of(kind) for name in rule.fields}
        for record in folder.table("FieldDefinition").records:
            if record["QualifiedApiName"] in names:
                record["IsFieldHistoryTracked"] = tracked
