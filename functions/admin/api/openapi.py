"""The description of the API as OpenAPI 3.1 has it, made of its operations and their models."""

from __future__ import annotations

import re
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from functions.admin.api.models import Id, Problem
from functions.admin.api.operations import OPERATIONS
from functions.admin.iap import HEADER
from telemetry.configuration import service_version

if TYPE_CHECKING:
    from pydantic import BaseModel

    from functions.admin.api.operations import Operation

_VERSION: Final = "3.1.0"
"""https://spec.openapis.org/oas/v3.1.0"""

_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_REFERENCE: Final = "#/components/schemas/{model}"

_ALWAYS: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.SERVICE_UNAVAILABLE)
_OF_ONE: Final = (HTTPStatus.NOT_FOUND,)
_OF_QUERIES: Final = (HTTPStatus.UNPROCESSABLE_ENTITY,)
_OF_ACTIONS: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)


@cache
def describe_api(prefix: str) -> dict[str, Any]:
    """Return the description.

    Args:
        prefix: What stands before all paths.
    """
    taken = {each.body for each in OPERATIONS if each.body is not None}
    answered = {each.answer for each in OPERATIONS} | {Problem}
    _, schemas = models_json_schema(
        [
            *((model, "validation") for model in _in_order(taken)),
            *((model, "serialization") for model in _in_order(answered)),
        ],
        ref_template=_REFERENCE,
    )
    paths: dict[str, Any] = {}
    for each in OPERATIONS:
        paths.setdefault(prefix + each.path, {})[each.method.lower()] = _describe(each)
    return {
        "openapi": _VERSION,
        "info": {
            "title": "mystage: failed tasks",
            "version": service_version() or "0",
            "description": "What the pages of failed tasks show and do, for programs.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "local": {"type": "http", "scheme": "bearer"},
                "iap": {"type": "apiKey", "in": "header", "name": HEADER},
            },
        },
        "security": [{"local": []}, {"iap": []}],
    }


def _in_order(models: set[type[BaseModel]]) -> list[type[BaseModel]]:
    return sorted(models, key=lambda each: each.__name__)


def _describe(operation: Operation) -> dict[str, Any]:
    parameters = [*_path_parameters(operation.path), *_query_parameters(operation.query)]
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": {
            str(operation.status): {
                "description": operation.answer.__doc__,
                "content": {"application/json": {"schema": _refer(operation.answer)}},
            }
        }
        | {str(each.value): _problem(each) for each in _refusals_of(operation)},
    }
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _refer(operation.body)}},
        }
    return described


def _refusals_of(operation: Operation) -> list[HTTPStatus]:
    statuses = {*_ALWAYS}
    if _PARAMETER.search(operation.path):
        statuses |= {*_OF_ONE}
    if operation.query is not None:
        statuses |= {*_OF_QUERIES}
    if operation.method != "GET":
        statuses |= {*_OF_ACTIONS}
    return sorted(statuses)


def _path_parameters(path: str) -> list[dict[str, Any]]:
    schema = TypeAdapter(Id).json_schema()
    return [
        {"name": name, "in": "path", "required": True, "schema": schema}
        for name in _PARAMETER.findall(path)
    ]


def _query_parameters(model: type[BaseModel] | None) -> list[dict[str, Any]]:
    if model is None:
        return []
    schema = model.model_json_schema(by_alias=True)
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": each.get("description", ""),
            "schema": _without_null(each),
        }
        for name, each in schema["properties"].items()
    ]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter, which is left out where it is nothing."""
    kept = {name: each for name, each in schema.items() if name not in {"title", "description"}}
    some = [each for each in kept.pop("anyOf", []) if each.get("type") != "null"]
    if some:
        kept.pop("default", None)
        kept |= some[0]
    return kept


def _problem(status: HTTPStatus) -> dict[str, Any]:
    return {
        "description": status.phrase,
        "content": {"application/problem+json": {"schema": _refer(Problem)}},
    }


def _refer(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": _REFERENCE.format(model=model.__name__)}
