"""The schema for editors: it takes what the loader takes, and is the one that is published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from telemetry.definitions.editors import make_schema
from telemetry.definitions.loader import is_test

ROOT = Path(__file__).parents[3]
PUBLISHED = ROOT / "docs" / "definition.schema.json"

GOOD = """\
kind: Dashboard
slug: a
name: A
variables:
  - {type: list, name: service, values: "{{ services }}", multiple: true}
groups:
  - title: G
    panels:
      - include: _more.yaml
        with: {x: 1}
      - for_each: {stage: "{{ stages }}"}
        name: "{{ stage.title }}"
        kind: values
        width: "{{ 24 // 3 }}"
        sql: one.sql
"""


def find_mistakes(text: str) -> list[str]:
    data: Any = json.loads(json.dumps(yaml.safe_load(text)))
    validator = jsonschema.Draft202012Validator(make_schema())
    return [each.message for each in validator.iter_errors(data)]


def test_the_published_schema_is_that_of_the_models() -> None:
    assert make_schema() == json.loads(PUBLISHED.read_text(encoding="utf-8")), (
        "make it anew: mystage schema > docs/definition.schema.json"
    )


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(make_schema())


def test_it_takes_templates_repetitions_and_inclusions() -> None:
    assert [] == find_mistakes(GOOD)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("slug: a", "slug: A B"),
        ("kind: values", "kind: valuable"),
        ("title: G", "titel: G"),
        ("name: A", "nam: A"),
        ("multiple: true", "multiple: maybe"),
    ],
)
def test_it_underlines_mistakes(right: str, wrong: str) -> None:
    assert find_mistakes(GOOD.replace(right, wrong, 1))


@pytest.mark.parametrize(
    "file",
    sorted(p for each in ("dashboards", "alerts") for p in (ROOT / each).rglob("*.yaml")),
    ids=lambda path: path.name,
)
def test_it_takes_our_own_definitions(file: Path) -> None:
    if file.name.startswith("_") or is_test(file):
        return
    documents = yaml.safe_load_all(file.read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(make_schema())
    for document in documents:
        for item in document if isinstance(document, list) else [document]:
            data = json.loads(json.dumps(item))
            assert [] == [each.message for each in validator.iter_errors(data)]
