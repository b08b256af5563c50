"""The JSON schema of files of tests, for editors.

It is made of the models, and allows what files have beside them: ``defaults``, templates in the
place of any value, ``for_each`` and ``include``, and one that stands where several may.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import TypeAdapter

from telemetry.alerting.cases import ENTRIES, AlertFile, PanelFile
from telemetry.definitions.editors import ADDRESS, INCLUDED, loosen

_KINDS: Final = (AlertFile, PanelFile)
_LISTS: Final = ("given", "expect", "rows", "some_rows")
"""The keys whose value may be one thing as well as a list of them."""

_ENTRY: Final = {"$ref": "#/$defs/Entry"}


def make_schema() -> dict[str, Any]:
    """Return the schema of a file of tests."""
    adapter: TypeAdapter[Any] = TypeAdapter(AlertFile | PanelFile)
    definitions: dict[str, Any] = adapter.json_schema(mode="validation")["$defs"]
    entries = [definitions.pop(model.__name__) for model in ENTRIES.values()]
    for kind in _KINDS:
        definitions[kind.__name__]["properties"]["defaults"] = {
            **_ENTRY,
            "description": "What entries have that do not say; attributes are put together.",
        }
    loosened = {name: loosen(_with_entries(each)) for name, each in definitions.items()}
    return {
        "$schema": ADDRESS,
        "title": "Tests of mystage",
        "anyOf": [{"$ref": f"#/$defs/{kind.__name__}"} for kind in _KINDS],
        "$defs": {
            **{name: _with_single_ones(each) for name, each in loosened.items()},
            "Entry": loosen(_merge(entries)),
            "Included": INCLUDED,
        },
    }


def _with_entries(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema whose ``given`` are entries of any kind."""
    properties = schema.get("properties", {})
    if "given" not in properties:
        return schema
    given = {**properties["given"], "items": _ENTRY}
    return {**schema, "properties": {**properties, "given": given}}


def _with_single_ones(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema that takes one where several may be."""
    properties = {
        name: _or_one(each) if name in _LISTS else each
        for name, each in schema.get("properties", {}).items()
    }
    return {**schema, "properties": properties} if properties else schema


def _or_one(schema: dict[str, Any]) -> dict[str, Any]:
    lists = [each for each in _alternatives(schema) if each.get("type") == "array"]
    return {**schema, "anyOf": [*schema["anyOf"], *(each["items"] for each in lists)]}


def _alternatives(schema: dict[str, Any]) -> list[dict[str, Any]]:
    nested = schema.get("anyOf", [])
    return [schema, *(inner for each in nested for inner in _alternatives(each))]


def _merge(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one schema for entries of all kinds.

    What an entry must have may be in ``defaults``, so nothing is demanded here, and what kind it
    is may be said there, so it may have the keys of all of them.
    """
    properties: dict[str, Any] = {}
    for schema in schemas:
        properties |= schema["properties"]
    return {
        "type": "object",
        "description": "A record or point, or many of them: span, log, metric or file.",
        "properties": properties,
        "additionalProperties": False,
    }
