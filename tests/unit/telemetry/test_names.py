"""Every name the toolkit writes is OpenTelemetry's, or is said to be ours."""

from __future__ import annotations

import ast
import inspect
from typing import Final

import pytest
from opentelemetry.semconv._incubating.attributes import faas_attributes, messaging_attributes
from opentelemetry.semconv._incubating.metrics import messaging_metrics
from opentelemetry.semconv.attributes import error_attributes, exception_attributes

from telemetry import CATALOGUE, semconv

CONVENTIONS: Final = (
    error_attributes,
    exception_attributes,
    faas_attributes,
    messaging_attributes,
    messaging_metrics,
)


def constants() -> dict[str, tuple[object, str]]:
    """Return the module's constants by name: value, and the text beneath it."""
    body = ast.parse(inspect.getsource(semconv)).body
    return {
        node.target.id: (getattr(semconv, node.target.id), _text(following))
        for node, following in zip(body, [*body[1:], None], strict=True)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


def _text(node: ast.stmt | None) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return str(node.value.value)
    return ""


def test_every_name_says_where_it_is_from() -> None:
    origins = ("https://", "Ours", "planning document")

    assert [] == [
        name for name, (_, text) in constants().items() if not any(o in text for o in origins)
    ]


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in constants()
        if name.startswith(("MESSAGING_", "FAAS_", "ERROR_", "EXCEPTION_"))
        and name not in {"FAAS_TRIGGER_PUBSUB", "ERROR_TYPE_OTHER"}
    ],
)
def test_what_is_opentelemetrys_is_spelled_as_there(name: str) -> None:
    (theirs,) = (getattr(module, name) for module in CONVENTIONS if hasattr(module, name))

    assert theirs == getattr(semconv, name)


def test_values_are_opentelemetrys_where_it_has_them() -> None:
    assert faas_attributes.FaasTriggerValues.PUBSUB.value == semconv.FAAS_TRIGGER_PUBSUB
    assert error_attributes.ErrorTypeValues.OTHER.value == semconv.ERROR_TYPE_OTHER
    operations = {value.value for value in messaging_attributes.MessagingOperationTypeValues}
    assert {semconv.PROCESS, semconv.SEND, semconv.CREATE} <= operations


def test_cloud_tasks_is_no_system_opentelemetry_knows() -> None:
    """The day this fails, the convention's own value is to be used."""
    systems = {value.value for value in messaging_attributes.MessagingSystemValues}

    assert "gcp_pubsub" in systems
    assert semconv.CLOUD_TASKS not in systems
    assert [] == [system for system in systems if "task" in system]


def test_every_metric_and_attribute_of_the_catalogue_is_named_here() -> None:
    named = {value for value, _ in constants().values() if isinstance(value, str)}
    entities = {
        make(entity)
        for entity in ("venues", "artists", "performances")
        for make in (semconv.found_metric, semconv.created_metric)
    }
    own = [m for name, m in CATALOGUE.items() if name in named | entities]

    assert len(own) >= 15
    assert set() == {key for metric in own for key in metric.attributes} - named


def test_no_two_names_of_attributes_are_the_same() -> None:
    values = [value for value, _ in constants().values() if isinstance(value, str)]

    assert len(set(values)) == len(values)
