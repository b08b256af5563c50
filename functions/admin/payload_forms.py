"""Forms for payloads, made of the JSON schema of a stage's model."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from functions.admin.payload_editing import parse_object
from functions.errors import PayloadError
from functions.runtime.handlers import load_payload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from functions.pipeline import Stage
    from functions.runtime.payload import Payload

PREFIX: Final = "field."
"""Before the name of a payload's field in a form, which has others besides."""

RAW: Final = "payload"
"""The field of a form that holds the whole payload as JSON."""

_CONTEXT: Final = "ctx"
_DEEPEST: Final = 4
"""Levels of an example."""

_INPUTS: Final = {"string": "text", "integer": "number", "number": "number", "boolean": "checkbox"}


@dataclass(frozen=True, slots=True)
class Field:
    """Show a field of a payload in a form.

    Attributes:
        name: Its name.
        kind: What it is entered in: ``text``, ``number``, ``checkbox``, ``choice``, ``json``.
        is_required: Whether it has to be there.
        choices: What can be chosen.
        hint: What is taken.
        example: How JSON for it begins.
        value: What it holds so far.
        faults: What is wrong with that.
    """

    name: str
    kind: str
    is_required: bool
    choices: tuple[str, ...] = ()
    hint: str = ""
    example: str = ""
    value: str = ""
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """Hold what a form said.

    Attributes:
        payload: What it makes; None where it makes none.
        fields: The form's fields, with what they held and what is wrong with it.
        faults: What is wrong with it as a whole.
    """

    payload: Payload | None
    fields: tuple[Field, ...]
    faults: tuple[str, ...] = ()


def describe_fields(model: type[Payload]) -> tuple[Field, ...]:
    """Return the fields of a payload's form."""
    schema = model.model_json_schema()
    required = schema.get("required", ())
    return tuple(
        _describe(name, each, schema.get("$defs", {}), is_required=name in required)
        for name, each in schema.get("properties", {}).items()
        if name != _CONTEXT
    )


def read_fields(stage: Stage, form: Mapping[str, str]) -> Reading:
    """Read the form of a stage's payload."""
    model = load_payload(stage)
    fields = [
        replace(each, value=form.get(PREFIX + each.name, "")) for each in describe_fields(model)
    ]
    values: dict[str, Any] = {}
    faults: dict[str, list[str]] = {}
    for each in fields:
        try:
            values.update(_read(each))
        except ValueError as error:
            faults[each.name] = [f"this is no JSON: {error}"]
    return _validate(model, values, fields, faults)


def read_raw(stage: Stage, text: str) -> Reading:
    """Read a stage's payload from JSON."""
    model = load_payload(stage)
    fields = describe_fields(model)
    try:
        values = parse_object(text)
    except PayloadError as error:
        return Reading(None, fields, (str(error),))
    reading = _validate(model, values, fields, {})
    told = [f"{each.name}: {fault}" for each in reading.fields for fault in each.faults]
    return Reading(reading.payload, fields, (*reading.faults, *told))


def _validate(
    model: type[Payload],
    values: Mapping[str, Any],
    fields: Sequence[Field],
    faults: dict[str, list[str]],
) -> Reading:
    payload = None
    whole = []
    names = {each.name for each in fields}
    try:
        payload = model.model_validate_json(json.dumps(values))
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False):
            name, *inner = map(str, each["loc"] or ("",))
            told = f"{'.'.join(inner)}: {each['msg']}" if inner else each["msg"]
            if name not in names:
                whole.append(f"{name}: {told}" if name else told)
            elif name not in faults or inner:
                faults.setdefault(name, []).append(told)
    shown = tuple(replace(each, faults=tuple(faults.get(each.name, ()))) for each in fields)
    is_right = not faults and not whole
    return Reading(payload if is_right else None, shown, tuple(whole))


def _read(field: Field) -> dict[str, Any]:
    """Return a field's value by its name; nothing where it was left blank."""
    match field.kind:
        case "checkbox":
            return {field.name: field.value != ""}
        case "json" if field.value.strip():
            return {field.name: json.loads(field.value)}
        case "text" | "number" | "choice" if field.value:
            return {field.name: field.value}
        case _:
            return {}


def _describe(
    name: str, schema: Mapping[str, Any], known: Mapping[str, Any], *, is_required: bool
) -> Field:
    schema = _resolve(schema, known)
    if choices := schema.get("enum"):
        if all(isinstance(each, str) for each in choices):
            return Field(name, "choice", is_required, tuple(choices), value=_default(schema))
        return Field(name, "json", is_required, hint=_one_of(choices), value=_default(schema))
    kind = _INPUTS.get(str(schema.get("type")), "json")
    example = "" if kind != "json" else json.dumps(_sketch(schema, known), ensure_ascii=False)
    return Field(name, kind, is_required, (), _hint(schema, known), example, _default(schema))


def _resolve(schema: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    place = schema.get("$ref", "")
    return known.get(place.rpartition("/")[2], {}) if place else schema


def _default(schema: Mapping[str, Any]) -> str:
    default = schema.get("default")
    if default is None or default is False or default == "":
        return ""
    return default if isinstance(default, str) else json.dumps(default)


def _hint(schema: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    match schema.get("type"):
        case "string":
            bounds = [schema.get("minLength", 0), schema.get("maxLength")]
            return f"{bounds[0]} to {bounds[1]} characters" if bounds[1] else "text"
        case "integer":
            return "a whole number"
        case "array":
            return f"a list of {_resolve(schema.get('items', {}), known).get('title', 'values')}"
        case "object":
            return f"an object: {', '.join(schema.get('properties', {})) or 'any keys'}"
        case _:
            return ""


def _sketch(schema: Mapping[str, Any], known: Mapping[str, Any], depth: int = 0) -> Any:
    """Return what JSON for a schema looks like."""
    schema = _resolve(schema, known)
    match schema.get("type"):
        case "array" if depth < _DEEPEST:
            return [_sketch(schema.get("items", {}), known, depth + 1)]
        case "object" if depth < _DEEPEST:
            properties = schema.get("properties", {})
            return {name: _sketch(each, known, depth + 1) for name, each in properties.items()}
        case "boolean":
            return False
        case "integer" | "number":
            return 0
        case _:
            return "…"


def _one_of(choices: Sequence[Any]) -> str:
    return "one of " + ", ".join(map(json.dumps, choices))
