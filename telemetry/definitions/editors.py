"""The JSON schema of definitions, for editors: completion, and mistakes underlined as one types.

It is made of the models, and allows what documents may have beside them: templates in the place of
any value, ``for_each`` and ``include``.
"""

from __future__ import annotations

from typing import Any, Final

from telemetry.definitions.documents import FOR_EACH, INCLUDE, WITH
from telemetry.definitions.loader import ADAPTER

ADDRESS: Final = "https://json-schema.org/draft/2020-12/schema"

_TEMPLATE: Final = {"type": "string", "pattern": r"\{\{"}
_REPEAT: Final = {
    "type": "object",
    "description": "Repeats this for each value of a list: one name and the list.",
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": {"anyOf": [{"type": "array"}, _TEMPLATE]},
}
INCLUDED: Final = {
    "type": "object",
    "description": "Puts another file's content here.",
    "required": [INCLUDE],
    "properties": {
        INCLUDE: {"type": "string", "description": "The file, beside this one."},
        WITH: {"type": "object", "description": "Parameters for its templates."},
        FOR_EACH: _REPEAT,
    },
}
"""What may stand in the place of anything: as ``#/$defs/Included``."""


def make_schema() -> dict[str, Any]:
    """Return the schema of one definition in a YAML file."""
    schema = ADAPTER.json_schema(mode="validation")
    definitions = {name: loosen(each) for name, each in schema.pop("$defs").items()}
    # Which kind it is decides what is missing: with `anyOf` editors would name all of them.
    kinds = [each["$ref"] for each in schema["oneOf"]]
    return {
        "$schema": ADDRESS,
        "title": "A definition of mystage",
        "anyOf": [*({"$ref": each} for each in kinds), {"$ref": "#/$defs/Included"}],
        "$defs": {**definitions, "Included": INCLUDED},
    }


def loosen(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that lets templates, repetitions and inclusions be where values are."""
    if schema.get("type") != "object":
        return schema
    properties = {name: _with_template(each) for name, each in schema["properties"].items()}
    return {**schema, "properties": {**properties, FOR_EACH: _REPEAT}}


def _with_template(schema: dict[str, Any]) -> dict[str, Any]:
    if "const" in schema or schema.get("type") == "string":
        return schema
    if schema.get("type") == "array":
        items = {"anyOf": [schema["items"], {"$ref": "#/$defs/Included"}]}
        schema = {**schema, "items": items, "minItems": min(1, schema.get("minItems", 0))}
    described: dict[str, Any] = {
        key: schema[key] for key in ("description", "title") if key in schema
    }
    return {**described, "anyOf": [schema, _TEMPLATE, {"$ref": "#/$defs/Included"}]}
