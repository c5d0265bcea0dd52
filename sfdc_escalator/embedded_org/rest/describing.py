"""Describe answers in Salesforce's shape: the list of objects, and an object with its fields and picklists."""

from __future__ import annotations

from typing import Any

from sfdc_escalator.embedded_org.basics import clock
from sfdc_escalator.embedded_org.rest.calls import Answer, Call
from sfdc_escalator.embedded_org.store import picklists, schema
from sfdc_escalator.embedded_org.store.database import Database
from sfdc_escalator.embedded_org.store.schema import NUMBER_TYPES, TEXT_TYPES, Field, SObject

_SOAP = {
    "boolean": "xsd:boolean",
    "datetime": "xsd:dateTime",
    "date": "xsd:date",
    "time": "xsd:time",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "id": "tns:ID",
    "reference": "tns:ID",
}
_NEVER = {
    "aiPredictionField": False,
    "calculated": False,
    "calculatedFormula": None,
    "cascadeDelete": False,
    "caseSensitive": False,
    "compoundFieldName": None,
    "controllerName": None,
    "defaultValueFormula": None,
    "dependentPicklist": False,
    "deprecatedAndHidden": False,
    "displayLocationInDecimal": False,
    "encrypted": False,
    "externalId": False,
    "filteredLookupInfo": None,
    "formulaTreatNullNumberAsZero": False,
    "highScaleNumber": False,
    "htmlFormatted": False,
    "idLookup": False,
    "inlineHelpText": None,
    "mask": None,
    "maskType": None,
    "queryByDistance": False,
    "referenceTargetField": None,
    "relationshipOrder": None,
    "restrictedDelete": False,
    "restrictedPicklist": False,
    "searchPrefilterable": False,
    "unique": False,
    "writeRequiresMasterRead": False,
}


def all_objects(database: Database, call: Call) -> Answer:
    listed = [summary(each, call.version) for each in sorted(database.visible, key=lambda each: each.name)]
    return _unless_known(database, call, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed})


def one_object(database: Database, sobject: SObject, call: Call) -> Answer:
    body = summary(sobject, call.version)
    body.update(
        actionOverrides=[],
        childRelationships=_children(database, sobject),
        compactLayoutable=True,
        fields=[_field(database, sobject, each) for each in sobject.fields.values()],
        listviewable=None,
        lookupLayoutable=None,
        namedLayoutInfos=[],
        networkScopeFieldName=None,
        recordTypeInfos=_record_types(database, sobject),
        searchLayoutable=True,
        sobjectDescribeOption="FULL",
        supportedScopes=[{"label": f"All {sobject.plural.lower()}", "name": "everything"}],
        extendedBy=None,
        extendsInterfaces=None,
        implementedBy=None,
        implementsInterfaces=None,
        defaultImplementation=None,
    )
    return _unless_known(database, call, body)


def _unless_known(database: Database, call: Call, body: dict[str, Any]) -> Answer:
    """The answer, or 304 when the caller's copy is new enough. The schema never changes after the org's creation."""
    founded = clock.instant(database.fact("founded") or "2026-01-01T00:00:00Z").replace(microsecond=0)
    headers = {"Last-Modified": founded.strftime("%a, %d %b %Y %H:%M:%S GMT"), "ETag": '"embedded"'}
    since = call.moment("if-modified-since")
    return Answer(304, None, headers) if since and founded <= since else Answer(200, body, headers)


def summary(sobject: SObject, version: str) -> dict[str, Any]:
    """The object's entry in the list of objects."""
    url = f"/services/data/v{version}/sobjects/{sobject.name}"
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": "c" in sobject.may,
        "custom": sobject.custom,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": "d" in sobject.may,
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": sobject.prefix or None,
        "label": sobject.label,
        "labelPlural": sobject.plural,
        "layoutable": bool(sobject.may),
        "mergeable": False,
        "mruEnabled": False,
        "name": sobject.name,
        "queryable": True,
        "replicateable": bool(sobject.prefix),
        "retrieveable": bool(sobject.prefix),
        "searchable": False,
        "triggerable": bool(sobject.may),
        "undeletable": False,
        "updateable": "u" in sobject.may,
        "urls": {"sobject": url, "describe": f"{url}/describe", "rowTemplate": f"{url}/{{ID}}"},
    }


def _children(database: Database, sobject: SObject) -> list[dict[str, Any]]:
    return [
        {
            "cascadeDelete": child.name.startswith(sobject.name),
            "childSObject": child.name,
            "deprecatedAndHidden": False,
            "field": field.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": field.children,
            "restrictedDelete": False,
        }
        for child, field in database.visible.children(sobject)
    ]


def _field(database: Database, sobject: SObject, field: Field) -> dict[str, Any]:
    text, polymorphic = field.type in TEXT_TYPES, len(field.reference_to) > 1
    offered = schema.defaults().get(sobject.name, {}).get(field.name) if field.type == "picklist" else None
    return {
        **_NEVER,
        **dict.fromkeys(("caseSensitive", "externalId", "unique"), field.unique),
        "idLookup": field.key,
        "aggregatable": not field.long and field.type != "boolean",
        "autoNumber": field.name in ("CaseNumber", "ReturnOrderNumber"),
        "byteLength": _byte_length(field) if text else field.length,
        "createable": field.createable,
        "custom": field.custom,
        "defaultValue": False if field.type == "boolean" else offered,
        "defaultedOnCreate": field.defaulted
        or field.type in ("id", "boolean")
        or not (field.nillable or field.createable or field.name == "Name"),  # a person's name is made of its parts
        "digits": 9 if field.type == "int" else 0,
        "extraTypeInfo": "plaintextarea" if field.long and field.custom else None,
        "filterable": field.filterable,
        "groupable": field.groupable,
        "label": field.label,
        "length": field.length,
        "name": field.name,
        "nameField": field.name == sobject.name_field,
        "namePointing": polymorphic,
        "nillable": field.nillable,
        "permissionable": field.nillable and field.createable,
        "picklistValues": _picklist(database, sobject, field),
        "polymorphicForeignKey": polymorphic,
        "precision": 18 if field.type in NUMBER_TYPES - {"int"} else 0,
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship,
        "scale": 2 if field.type in NUMBER_TYPES - {"int"} else 0,
        "soapType": _SOAP.get(field.type, "xsd:string"),
        "sortable": field.sortable,
        "type": field.type,
        "updateable": field.updateable,
    }


def _byte_length(field: Field) -> int:
    """The length in bytes: the limit of a comment counts bytes, other limits characters of up to three bytes."""
    return field.length if field.name in ("CommentBody", "Comments") else field.length * 3


def _picklist(database: Database, sobject: SObject, field: Field) -> list[dict[str, Any]]:
    """The offered values and those in use; other values are accepted too."""
    default = schema.defaults().get(sobject.name, {}).get(field.name)
    return [
        {"active": True, "defaultValue": each == default, "label": each, "validFor": None, "value": each}
        for each in picklists.values(database, sobject, field)
    ]


def _record_types(database: Database, sobject: SObject) -> list[dict[str, Any]]:
    own = database.query(
        "SELECT Id, Name, DeveloperName, IsActive FROM RecordType WHERE SobjectType = ? AND IsDeleted = 0",
        (sobject.name,),
    )
    master = ("012000000000000AAA", "Master", "Master", 1)
    return [
        {
            "active": bool(active),
            "available": True,
            "defaultRecordTypeMapping": record_id == master[0],
            "developerName": developer_name,
            "master": record_id == master[0],
            "name": name,
            "recordTypeId": record_id,
            "urls": {},
        }
        for record_id, name, developer_name, active in [*own, master]
    ]
