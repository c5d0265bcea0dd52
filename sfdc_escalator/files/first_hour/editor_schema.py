"""The JSON Schema of a policy file, for editors: completion and hover text out of the declarations of the checks."""

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from sfdc_escalator.escalation.notices.channel_kinds import KINDS
from sfdc_escalator.files.first_hour.hover import hover
from sfdc_escalator.files.language.ladder_shapes import EndOfDayShape
from sfdc_escalator.files.language.shape import PolicyShape


class Lenient(GenerateJsonSchema):
    """To an editor a value that a function checks may be anything: `validate` reports the rest."""

    def function_plain_schema(self, schema: core_schema.PlainValidatorFunctionSchema) -> JsonSchemaValue:  # noqa: ARG002
        return {}

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Without the default: it stands for a key that is left out, and is not a value to write."""
        return self.generate_inner(schema["schema"])


CHANNEL_KIND: Mapping[str, Any] = {"enum": list(KINDS)}
SHORT: Mapping[str, Any] = {
    "#/$defs/EscalateShape": {"const": "none"},
    "#/$defs/NotifyShape": {"$ref": "#/$defs/Recipients"},
    "#/$defs/RecipientShape": {"type": "string"},
    "#/$defs/ChannelShape": CHANNEL_KIND,
    "#/$defs/OneNoticePerShape": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
}
"""The values that may stand in place of a mapping."""
DUE: Mapping[str, Any] = {
    "anyOf": [
        {"type": "string"},
        {"$ref": "#/$defs/EndOfDayShape"},
        {"type": "object", "required": ["by"]},
        {"type": "object", "required": ["table"]},
    ]
}
"""A value that a function checks, and that an editor can still help with."""


def editor_schema() -> dict[str, Any]:
    """Draft 2020-12. Lists may be one entry, as in the files."""
    schema = PolicyShape.model_json_schema(schema_generator=Lenient, by_alias=True)
    schema["$defs"]["EndOfDayShape"] = EndOfDayShape.model_json_schema(schema_generator=Lenient, by_alias=True)
    schema["$defs"]["RouteShape"]["properties"]["due"] = DUE
    schema["$defs"]["ChannelShape"]["properties"]["kind"] = dict(CHANNEL_KIND)
    loose = loosened(schema)
    for shape, mapping in (("PolicyShape", loose), *loose["$defs"].items()):
        for key, given in mapping.get("properties", {}).items():
            given.pop("title", None)
            given["description"] = hover(shape, key)
    one = {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/RecipientShape"}]}
    loose["$defs"]["Recipients"] = {"anyOf": [one, {"type": "array", "items": one}]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **loose, "title": "sfdc_escalator policy"}


def loosened(part: Any) -> Any:
    """The schema that also takes one condition or name in place of a list."""
    if isinstance(part, list):
        return [loosened(one) for one in part]
    if not isinstance(part, dict):
        return part
    if short := SHORT.get(part.get("$ref", "")):
        return {"anyOf": [part, short]}
    inner = {key: loosened(value) for key, value in part.items() if key != "discriminator"}
    if str(inner.get("title", "")).endswith("Shape"):
        del inner["title"]  # a name of ours, no help to an editor's user
    if inner.get("type") == "array" and "items" in inner:
        title = {"title": inner.pop("title")} if "title" in inner else {}
        return {**title, "anyOf": [inner, inner["items"]]} if inner["items"] else title
    return inner
