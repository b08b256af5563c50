"""Payloads that are edited without their secrets being seen, and shown as trees."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.admin.payload_editing import (
    find_sent,
    parse_kept,
    parse_object,
    read_payload,
    show_payload,
)
from functions.admin.payload_trees import MOST_NODES, Node, draw_tree
from functions.errors import PayloadError
from functions.runtime.failed_tasks.masking import MASK

SECRETIVE = {
    "ctx": {"traceparent": "00-1-2-03"},
    "id": "a",
    "api_token": "hunter2hunter2",
    "auth": {"user": "me"},
    "sources": [{"url": "https://me:hunter2hunter2@shop.example", "password": "x1"}, {"url": "b"}],
}


def test_what_is_shown_has_neither_secrets_nor_the_context() -> None:
    shown = show_payload(SECRETIVE)

    assert "hunter2" not in shown
    assert ["id", "api_token", "auth", "sources"] == list(json.loads(shown))
    assert (MASK, MASK) == (json.loads(shown)["api_token"], json.loads(shown)["auth"])


def test_what_is_left_as_it_was_shown_is_as_it_was() -> None:
    expected = {name: value for name, value in SECRETIVE.items() if name != "ctx"}

    assert expected == read_payload(show_payload(SECRETIVE), SECRETIVE)


def test_what_is_changed_is_changed_and_secrets_beside_it_are_kept() -> None:
    edited = json.loads(show_payload(SECRETIVE))
    edited |= {"id": 1, "api_token": "another"}
    edited["sources"][1]["url"] = "c"

    read = read_payload(json.dumps(edited), SECRETIVE)

    assert (1, "another", "x1") == (read["id"], read["api_token"], read["sources"][0]["password"])
    assert ["https://me:hunter2hunter2@shop.example", "c"] == [
        each["url"] for each in read["sources"]
    ]


@pytest.mark.parametrize(
    ("edited", "place"),
    [
        ({"id": MASK}, "id"),  # it was none
        ({"new": {"token": MASK}}, "new.token"),  # it moved
        ({"sources": ["b", MASK]}, "sources[1]"),
    ],
)
def test_a_mask_that_stands_for_nothing_is_refused(edited: dict[str, Any], place: str) -> None:
    with pytest.raises(PayloadError, match="is masked") as told:
        read_payload(json.dumps(edited), SECRETIVE)
    assert str(told.value).startswith(place)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text() | st.sampled_from(["token", "password"]), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text().filter(lambda name: name != "ctx"), _VALUES))
def test_showing_and_reading_changes_nothing(payload: dict[str, Any]) -> None:
    assert payload == read_payload(show_payload(payload), payload)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1, column 1"),
        ('{"a": 1,\n}', "line 2"),
        ("[]", "JSON object"),
        ('{"a": Infinity}', "Infinity is no number"),
        ('{"a":' * 150 + "1" + "}" * 150, "nested more than 100"),
        ("[" * 50_000, "nested too deep"),
    ],
)
def test_what_is_no_payload_is_told(text: str, told: str) -> None:
    with pytest.raises(PayloadError, match=told):
        parse_object(text)


def test_what_was_sent_last_is_what_it_was_edited_to() -> None:
    assert {"a": 1} == find_sent({"payload": {"a": 1}, "edited_payload": None})
    assert {"b": [[1]]} == find_sent({"payload": {"a": 1}, "edited_payload": b'{"b": [[1]]}'})


@pytest.mark.parametrize("kept", [b"\xff", b"{", b"[" * 500 + b"]" * 500])
def test_bytes_that_are_no_usual_json_stay_bytes(kept: bytes) -> None:
    assert kept == parse_kept(kept)


def test_a_tree_has_every_value_with_its_kind_and_masks_secrets() -> None:
    tree = draw_tree({"a": [1, True, None], "password": "x1", "b": {}})

    expected = (
        Node(
            "a",
            "list",
            "3 items",
            (Node("0", "number", "1"), Node("1", "boolean", "true"), Node("2", "null", "null")),
        ),
        Node("password", "text", MASK, is_masked=True),
        Node("b", "object", "0 keys"),
    )
    assert Node("", "object", "3 keys", expected) == tree


def test_a_tree_has_an_end() -> None:
    tree = draw_tree({"many": list(range(100_000)), "after": 1})

    [many] = tree.children
    assert (100_000 - len(many.children), 1) == (many.left_out, tree.left_out)
    assert len(many.children) == MOST_NODES - 2
    long = draw_tree("x" * 10_000)
    assert (4_000, 6_000) == (len(long.text), long.left_out)


def test_bytes_are_shown_as_text() -> None:
    assert "password=**********" in draw_tree(b"password=hunter2 \xff").text
