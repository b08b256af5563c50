"""Columns of hot attributes, and which attributes get one."""

from __future__ import annotations

from typing import Any

import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.emulator.arrow import HOT_PREFIX, METRICS, RECORDS
from telemetry.emulator.store import StoreOptions
from telemetry.emulator.store.hot_keys import SAMPLE, Census
from telemetry.emulator.store.shredding import (
    conform,
    decode_attributes,
    hot_keys_of,
    table_schema,
)

PLAIN = pa.schema([pa.field("attributes", pa.string())])
texts = st.text(st.characters(codec="utf-8"), max_size=5)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=3,
)


def rows(*attributes: Any) -> pa.RecordBatch:
    text = [None if each is None else orjson.dumps(each).decode() for each in attributes]
    return pa.RecordBatch.from_arrays([pa.array(text, pa.string())], schema=PLAIN)


def read_text(value: Any) -> str | None:
    """Say what ``->>`` gives."""
    if value is None or isinstance(value, str):
        return value
    text = orjson.dumps(value).decode()
    return None if text == "null" else text


@given(st.lists(st.dictionaries(st.sampled_from(["k", "other"]), values), max_size=6))
def test_a_filled_column_holds_what_the_json_operator_gives(attributes: list[Any]) -> None:
    schema = pa.schema([*PLAIN, pa.field(HOT_PREFIX + "k", pa.string())])
    filled = conform(rows(*attributes), schema)
    expected = [read_text(each.get("k")) for each in attributes]
    assert expected == filled.column(1).to_pylist()


def test_rows_without_an_object_have_no_attributes() -> None:
    assert [{}, {}, {"a": 1}] == list(decode_attributes(rows(None, [1], {"a": 1}).column(0)))


def test_columns_that_are_no_attributes_are_filled_with_nulls() -> None:
    schema = pa.schema([pa.field("new", pa.int64()), *PLAIN])
    assert [{"new": None, "attributes": "{}"}] == conform(rows({}), schema).to_pylist()


@pytest.mark.parametrize("table", [RECORDS, METRICS], ids=lambda table: table.name)
def test_hot_columns_come_behind_those_of_the_table(table: Any) -> None:
    schema = table_schema(table, ["b", "a.c"])
    assert [*table.schema.names, HOT_PREFIX + "b", HOT_PREFIX + "a.c"] == schema.names
    assert ("b", "a.c") == hot_keys_of(schema)


def test_keys_of_the_pipeline_are_hot_from_the_start() -> None:
    assert {"stage", "task_type", "service", "outcome", "attempt", "error.type"} <= set(
        StoreOptions().hot_keys
    )


def test_the_most_frequent_keys_are_elected_first() -> None:
    census = Census()
    census.observe([{"every": 1, "half": 1, "hot": 1}, {"every": 1, "also": 2}] * 50)
    assert ["every", "also", "half"] == census.elect({"hot"}, 3)
    assert ["every"] == census.elect({"hot"}, 1)
    assert [] == census.elect({"hot"}, -1)


@pytest.mark.parametrize(
    ("attributes", "elected"),
    [
        ([{"rare": 1}] + [{}] * 50, []),  # one in 51: just below two per cent
        ([{"frequent": 1}] + [{}] * 49, ["frequent"]),
        ([{"text": "x" * 129}], []),
        ([{"text": "x" * 128}], ["text"]),
        ([{"object": {"a": "x" * 130}}], []),
        ([{"k" * 129: 1}], []),
        ([{"": 1}], []),
        ([{"logfire.msg": "the SDK's own"}], []),
    ],
)
def test_rare_long_and_internal_keys_are_not_elected(
    attributes: list[dict[str, Any]], elected: list[str]
) -> None:
    census = Census()
    census.observe(attributes)
    assert elected == census.elect((), 10)


def test_a_handful_of_rows_decides_nothing() -> None:
    census = Census()
    census.observe([{}] * (SAMPLE - 1))
    assert not census.is_sufficient
    census.observe([{}])
    assert census.is_sufficient
