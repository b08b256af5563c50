from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry.emulator.engine.functions_json import as_text
from telemetry.emulator.engine.json_paths import map_paths

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENT = json.dumps(
    {
        "text": 'a"b',
        "n": 3,
        "f": 1.5,
        "yes": True,
        "none": None,
        "digits": "42",
        "list": [1, [2, 3], {"k": "v"}],
        "object": {"inner": {"deep": "found"}},
        "http.route": "/x",
        "": "empty key",
    }
)


def call(ask: Callable[..., Any], function: str, document: str | None, *path: str | int) -> Any:
    text = "NULL" if document is None else "'" + document.replace("'", "''") + "'"
    steps = json.dumps(list(path)).replace("'", "''")
    return ask(f"SELECT {function}({text}, '{steps}') AS x")[0]["x"]


@pytest.mark.parametrize(
    ("function", "path", "expected"),
    [
        ("_lf_json_text", ["text"], 'a"b'),
        ("_lf_json_text", ["n"], "3"),
        ("_lf_json_text", ["f"], "1.5"),
        ("_lf_json_text", ["yes"], "true"),
        ("_lf_json_text", ["none"], None),
        ("_lf_json_text", ["absent"], None),
        ("_lf_json_text", ["http.route"], "/x"),
        ("_lf_json_text", [""], "empty key"),
        ("_lf_json_text", ["list", 0], "1"),
        ("_lf_json_text", ["list", 1, 1], "3"),
        ("_lf_json_text", ["list", 2, "k"], "v"),
        ("_lf_json_text", ["list", 1], "[2,3]"),
        ("_lf_json_text", ["object", "inner", "deep"], "found"),
        ("_lf_json_text", ["object"], '{"inner":{"deep":"found"}}'),
        # A step that does not fit what is there finds nothing.
        ("_lf_json_text", ["list", 3], None),
        ("_lf_json_text", ["list", -1], None),
        ("_lf_json_text", ["list", "0"], None),
        ("_lf_json_text", ["object", 0], None),
        ("_lf_json_text", ["text", "k"], None),
        # A key that the query computed is the key of an object or the place of an item.
        ("_lf_json_text", ["list", ["0"]], "1"),
        ("_lf_json_text", [["n"]], "3"),
        ("_lf_json_text", ["list", ["x"]], None),
        ("_lf_json_get", ["list", 1], "[2,3]"),
        ("_lf_json_get", ["text"], 'a"b'),
        ("_lf_json_value", ["text"], '"a\\"b"'),
        ("_lf_json_value", ["none"], "null"),
        ("_lf_json_get_str", ["text"], 'a"b'),
        ("_lf_json_get_str", ["n"], None),
        ("_lf_json_get_int", ["n"], 3),
        ("_lf_json_get_int", ["digits"], 42),
        ("_lf_json_get_int", ["f"], None),
        ("_lf_json_get_int", ["yes"], None),
        ("_lf_json_get_int", ["text"], None),
        ("_lf_json_get_float", ["n"], 3.0),
        ("_lf_json_get_float", ["f"], 1.5),
        ("_lf_json_get_float", ["digits"], 42.0),
        ("_lf_json_get_float", ["yes"], None),
        ("_lf_json_get_bool", ["yes"], True),
        ("_lf_json_get_bool", ["n"], None),
        ("_lf_json_get_json", ["text"], '"a\\"b"'),
        ("_lf_json_get_json", ["none"], "null"),
        ("_lf_json_contains", ["none"], True),
        ("_lf_json_contains", ["absent"], False),
        ("_lf_json_contains", ["list", 2], True),
        ("_lf_json_contains", ["list", 3], False),
        ("_lf_json_length", ["list"], 3),
        ("_lf_json_length", ["object"], 1),
        ("_lf_json_length", [], 10),
        ("_lf_json_length", ["text"], None),
    ],
)
def test_a_function_finds_what_is_at_a_path(
    ask: Callable[..., Any], function: str, path: list[Any], expected: object
) -> None:
    assert expected == call(ask, function, DOCUMENT, *path)


@pytest.mark.parametrize("text", ["plain words", "{", '{"a": }', "", "NaN", '"\\ud800"'])
def test_text_that_is_no_json_holds_nothing(ask: Callable[..., Any], text: str) -> None:
    assert call(ask, "_lf_json_text", text, "a") is None
    assert call(ask, "_lf_json_contains", text, "a") is False
    assert call(ask, "_lf_json_length", text, "a") is None


def test_no_text_at_all_is_null(ask: Callable[..., Any]) -> None:
    assert call(ask, "_lf_json_text", None, "a") is None
    assert call(ask, "_lf_json_contains", None, "a") is None


def test_a_key_spelt_with_an_escape_is_found(ask: Callable[..., Any]) -> None:
    assert "v" == call(ask, "_lf_json_text", '{"k\\u0065y": "v"}', "key")
    assert "v" == call(ask, "_lf_json_text", '{"schl\\u00fcssel": "v"}', "schlüssel")


def test_a_computed_key_becomes_a_path(ask: Callable[..., Any]) -> None:
    rows = ask("SELECT _lf_json_key('k') AS text, _lf_json_key(1) AS number")
    assert [{"text": '[["k"]]', "number": '[["1"]]'}] == rows


def test_paths_may_differ_from_row_to_row() -> None:
    texts = pa.array(['{"a": 1}', '{"b": 2}', '{"a": 3}', None])
    paths = pa.array(['["a"]', '["b"]', None, '["a"]'])
    assert ["1", "2", None, None] == map_paths(texts, paths, as_text, pa.string()).to_pylist()


def test_a_part_of_a_longer_array_is_read_from_where_it_begins() -> None:
    texts = pa.array([f'{{"n": {n}}}' for n in range(10)]).slice(3, 4)
    paths = pa.array(['["n"]'] * 4)
    assert ["3", "4", "5", "6"] == map_paths(texts, paths, as_text, pa.string()).to_pylist()


def test_texts_that_repeat_give_what_each_of_them_gives() -> None:
    texts = pa.array(['{"a": 1}', '{"a": 2}', None] * 100)
    paths = pa.array(['["a"]'] * 300)
    assert ["1", "2", None] * 100 == map_paths(texts, paths, as_text, pa.string()).to_pylist()


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@settings(max_examples=50)
@given(
    documents=st.lists(st.dictionaries(st.sampled_from(["a", "b", "ü", '"']), JSON_VALUES)),
    key=st.sampled_from(["a", "b", "ü", '"']),
    ascii_only=st.booleans(),
)
def test_a_key_is_found_wherever_python_finds_it(
    documents: list[dict[str, Any]], key: str, *, ascii_only: bool
) -> None:
    texts = [json.dumps(document, ensure_ascii=ascii_only) for document in documents]
    paths = pa.array([json.dumps([key])] * len(texts), pa.string())
    found = map_paths(pa.array(texts, pa.string()), paths, as_text, pa.string()).to_pylist()
    for document, text in zip(documents, found, strict=True):
        value = document.get(key)
        assert (value if isinstance(value, str | None) else json.dumps(value)) == (
            text if isinstance(value, str | None) else json.dumps(json.loads(text))
        )
