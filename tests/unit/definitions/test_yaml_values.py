"""YAML as it is meant: by the rules of version 1.2, bounded, and nothing twice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from yaml.nodes import ScalarNode

from telemetry.definitions.yaml_nodes import parse_yaml, scalar_value

if TYPE_CHECKING:
    from conftest import Load, Write


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("0o17", "0o17"),
        ("2026-01-01", "2026-01-01"),
        ("true", True),
        ("null", None),
        ("12", 12),
        ("-1.5", -1.5),
        ("1e3", 1000.0),
        ("'12'", "12"),
        ('"true"', "true"),
        ("9" * 60, "9" * 60),
    ],
)
def test_plain_text_is_what_json_would_take_it_for_or_text(text: str, value: Any) -> None:
    (node,) = parse_yaml(text, Path("a.yaml"))
    assert isinstance(node, ScalarNode)
    assert (type(value), value) == (type(scalar_value(node)), scalar_value(node))


ALERT = "kind: Alert\nname: a\nsql: SELECT 1\nwindow: 5m\n"


def test_aliases_and_merged_mappings_are_read(write: Write, load: Load) -> None:
    write("a.yaml", f"{ALERT}every: &e 1m\nwatermark: *e\n")
    write(
        "b.yaml",
        "- &base {kind: Alert, name: b, sql: x, window: 5m, every: 5m}\n- {<<: *base, name: c}\n",
    )
    assert [("a", 60), ("b", 0), ("c", 0)] == [
        (each.model.name, each.model.watermark) for each in load().alerts
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{ALERT}every: 1m\nevery: 5m\n", "the key 'every' is here twice"),
        ("? [a]\n: b\n", "a key is a text"),
        ("<<: 1\n", "<< wants a mapping"),
        ("&a {<<: &b {<<: *a}}\n", "<< goes deeper than 3"),
        (f"base: &b {{x: 1}}\n<<: [{', '.join(['*b'] * 20)}]\n", "<< merges more than 16"),
        ("&a [*a]\n", "too much"),
        (f"x: {'[' * 90}{']' * 90}\n", "too much"),
        (
            "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9 if n else ['x'] * 9)}]\n"
                    for n in range(9)),
            "too much",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_told(write: Write, load: Load, text: str, message: str) -> None:
    write("a.yaml", text)
    (problem,) = load().problems
    assert message in problem.message
