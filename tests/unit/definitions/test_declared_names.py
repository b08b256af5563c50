"""Names that are declared: by the toolkit, and by the pipeline for templates and for linting."""

from __future__ import annotations

import ast
import itertools
from pathlib import Path

from functions.declarations import describe_pipeline
from functions.pipeline import STAGES
from telemetry import semconv
from telemetry.definitions import load_names
from telemetry.definitions.declarations import Declaration, combine


def find_attribute_constants() -> set[str]:
    """Return what semconv's sections on attributes define, without the values it lists."""
    source = Path(semconv.__file__).read_text(encoding="utf-8")
    sections = source.split("\n# -- ")
    found = set()
    for section in sections:
        if not section.startswith("Attributes"):
            continue
        body = ast.parse("# " + section).body
        for statement, text in itertools.pairwise(body):
            if (
                isinstance(statement, ast.AnnAssign)
                and isinstance(statement.value, ast.Constant)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
                and not str(text.value.value).startswith(("Value of", "Name of"))
            ):
                found.add(str(statement.value.value))
    return found


def test_every_attribute_the_toolkit_writes_may_be_asked_for() -> None:
    assert find_attribute_constants() == set(semconv.ATTRIBUTES)


def test_the_pipeline_declares_its_stages_for_templates() -> None:
    assert [stage.name for stage in STAGES] == [
        each["name"] for each in describe_pipeline().parameters["stages"]
    ]


def test_the_pipeline_declares_the_spans_its_stages_write() -> None:
    names = describe_pipeline().span_names
    assert {"process sourcing", "send sourcing-queue", "create sourcing-queue"} <= names


def test_all_packages_are_asked_for_what_they_declare() -> None:
    names = load_names()
    assert "sourcing" in names.values[semconv.STAGE]
    assert semconv.TASK_FAILED in names.metrics
    assert frozenset(semconv.OUTCOMES) == names.values[semconv.OUTCOME]


def test_declarations_of_several_packages_are_put_together() -> None:
    names = combine(
        Declaration(parameters={"a": 1}, values={"k": frozenset("x")}, attributes=frozenset("k")),
        Declaration(parameters={"b": 2}, values={"k": frozenset("y")}, span_names=frozenset("s")),
    )
    assert {"a": 1, "b": 2} == names.parameters
    assert frozenset("xy") == names.values["k"]
    assert "k" in names.attributes
    assert frozenset("s") == names.span_names
