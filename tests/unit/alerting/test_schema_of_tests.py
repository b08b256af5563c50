"""The schema of tests for editors: it takes what the loader takes, and is the published one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from telemetry.alerting.editors import make_schema
from telemetry.definitions.loader import TEST_SUFFIXES

if TYPE_CHECKING:
    from conftest import Load

ROOT = Path(__file__).parents[3]
PUBLISHED = ROOT / "docs" / "tests.schema.json"
FILES = sorted(
    file
    for folder in ("dashboards", "alerts")
    for suffix in TEST_SUFFIXES
    for file in (ROOT / folder).rglob(f"*{suffix}")
)
VALIDATOR = jsonschema.Draft202012Validator(make_schema())

ALERT = """\
alert: Busy
now: "2026-01-05T12:00:00Z"
defaults: {span: work, level: warn, attributes: {n: 1}}
tests:
  - for_each: {n: [1, 2]}
    name: "number {{ n }}"
    given:
      - {at: -5m, every: 10s, times: "{{ n }}", attributes: {x: {y: null}}}
      - {for_each: {each: [a]}, at: -1m, log: hello}
      - {at: -1m, metric: m, value: [1, 2]}
      - {at: -1m, metric: m, values: [1, 2]}
    expect:
      - {at: 1m, fires: true, some_rows: [{n: 1}], notifies: true}
      - {fires: true, rows: {for_each: {each: [a, b]}, n: "{{ each }}"}}
"""
PANEL = """\
dashboard: busy
panel: Runs
tests:
  - name: one
    given: {at: -1m, span: a, id: a, duration: 5}
    expect: {last: 1h, variables: {a: x, b: [y, z]}, rows: [], columns: [a], count: 0}
  - name: two
    panel: Other
    now: "2026-01-05T12:00:00Z"
    expect: [{from: -1h, to: 0m, resolution: 5 minutes, rows: [{a: 1}], in_order: true}]
"""


def find_mistakes(text: str) -> list[str]:
    data: Any = json.loads(json.dumps(yaml.safe_load(text), default=str))
    return [each.message for each in VALIDATOR.iter_errors(data)]


def test_the_published_schema_is_that_of_the_models() -> None:
    assert make_schema() == json.loads(PUBLISHED.read_text(encoding="utf-8")), (
        "make it anew: mystage schema tests > docs/tests.schema.json"
    )


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(make_schema())


@pytest.mark.parametrize("text", [ALERT, PANEL])
def test_it_takes_what_the_loader_takes(load: Load, text: str) -> None:
    assert ((), []) == (load(text).problems, find_mistakes(text))


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (ALERT, "alert: Busy", "alert: [Busy]"),
        (ALERT, "level: warn", "level: warning"),
        (ALERT, "level: warn", "lvl: warn"),
        (ALERT, "fires: true, some", "fired: true, some"),
        (ALERT, "every: 10s", "every: [10]"),
        (ALERT, "every: 10s", "evry: 10s"),
        (ALERT, "notifies: true", "notifies: maybe"),
        (ALERT, "some_rows: [{n: 1}]", "some_rows: [5]"),
        (ALERT, "values: [1, 2]", "values: [a]"),
        (ALERT, "tests:", "test:"),
        (PANEL, "dashboard: busy", "dashboard: BUSY"),
        (PANEL, "dashboard: busy", "dashbord: busy"),
        (PANEL, "last: 1h", "lst: 1h"),
        (PANEL, "count: 0", "count: -1"),
        (PANEL, "count: 0", "count: none"),
        (PANEL, "in_order: true", "in_order: perhaps"),
        (PANEL, "columns: [a]", "columns: 5"),
        (PANEL, "b: [y, z]", "b: []"),
        (PANEL, "last: 1h", "fires: true"),
    ],
)
def test_it_underlines_what_the_loader_refuses(
    load: Load, text: str, right: str, wrong: str
) -> None:
    mistaken = text.replace(right, wrong, 1)

    assert text != mistaken
    assert load(mistaken).problems
    assert find_mistakes(mistaken)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_takes_our_own_tests_which_name_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    (named,) = text.splitlines()[0].split("$schema=")[1:]

    assert PUBLISHED == (file.parent / named).resolve()
    assert [] == find_mistakes(text)
