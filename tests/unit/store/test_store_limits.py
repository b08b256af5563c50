from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any

import pytest

from functions.errors import (
    BatchTooLarge,
    DocumentTooLarge,
    InvalidDocumentData,
    InvalidDocumentId,
)
from functions.runtime.store import Delete
from functions.runtime.store.limits import (
    check_batch,
    check_batch_size,
    check_document,
    check_fields,
    check_name,
)


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


def nested(levels: int, kind: type = dict) -> Any:
    """Return a scalar inside so many maps, or maps and lists by turns."""
    value: Any = 1
    for level in range(levels):
        value = [value] if kind is list and level % 2 else {"a": value}
    return value


# The size of a document


def test_the_documented_example_has_its_documented_size() -> None:
    # https://firebase.google.com/docs/firestore/storage-size: the fields take 71 bytes, the
    # document 32; its name is 6 + 11 + 16 here, where it lies in a collection at the top.
    data = {
        "type": "Personal",
        "done": False,
        "priority": 1,
        "description": "Learn Cloud Firestore",
    }
    assert 6 + 11 + 16 + 71 + 32 == check_document("tasks", "my_task_id", data)


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (None, 1),
        (True, 1),
        (0, 8),
        (-(2**63), 8),
        (1.5, 8),
        (float("nan"), 8),
        ("", 1),
        ("abc", 4),
        ("é", 3),  # UTF-8
        ("😀", 5),
        (b"", 0),
        (b"abc", 3),
        (datetime(2026, 1, 1, tzinfo=UTC), 8),
        ([], 0),
        ([1, "a", None], 8 + 2 + 1),
        ({}, 32),
        ({"a": 1}, 32 + 2 + 8),
        ({"é": [True]}, 32 + 3 + 1),
        (Colour.RED, 4),
        (Level.HIGH, 8),
    ],
)
def test_each_type_has_its_documented_size(value: object, size: int) -> None:
    empty = check_fields("c", "i", {})
    assert size == check_fields("c", "i", {"x": value}) - empty - len("x") - 1


def test_a_document_of_exactly_one_mebibyte_is_fine_and_one_byte_more_is_not() -> None:
    def filled(text: int) -> dict[str, object]:
        return {"a": "x" * 1_000_000, "b": "y" * text}

    room = 1_048_576 - check_document("c", "id", filled(0))
    assert check_document("c", "id", filled(room)) == 1_048_576
    with pytest.raises(DocumentTooLarge, match=r"c/id has 1,048,577 bytes.* 1,048,576.*blob store"):
        check_document("c", "id", filled(room + 1))


def test_one_field_alone_holds_89_bytes_less() -> None:
    check_document("c", "i", {"a": b"x" * 1_048_487})
    with pytest.raises(DocumentTooLarge, match=r"c/i: field a has 1,048,488 bytes"):
        check_document("c", "i", {"a": b"x" * 1_048_488})


@pytest.mark.parametrize(
    "data",
    [
        {f"f{number}": 1 for number in range(10_001)},  # each up and down
        {"a": {"b": {f"f{number}": None for number in range(10_001)}}},
        {"a": list(range(20_001))},
    ],
)
def test_a_document_of_more_index_entries_than_firestore_makes_is_refused(
    data: dict[str, object],
) -> None:
    with pytest.raises(DocumentTooLarge, match=r"values to index.*20,000"):
        check_document("c", "i", data)


def test_a_document_of_as_many_index_entries_as_firestore_makes_is_fine() -> None:
    assert check_document("c", "i", {f"f{number}": 1 for number in range(10_000)}) > 20_000


# Names


@pytest.mark.parametrize(
    "name", ["a", "x" * 1_500, "é" * 750, "...", "_", "__", "___", "__a", "a__", "a.b c\0d", "日本"]
)
def test_a_name_that_firestore_takes_is_taken(name: str) -> None:
    check_name(name, name)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "is empty"),
        (".", "relative path"),
        ("..", "relative path"),
        ("a/b", "slash"),
        ("/", "slash"),
        ("____", "reserved"),
        ("__id7__", "reserved"),
        ("__a\nb__", "reserved"),
        ("x" * 1_501, "1,501 bytes, of at most 1,500"),
        ("é" * 751, "1,502 bytes, of at most 1,500"),
        ("\ud800", "surrogate"),
        (7, "is of type int and must be a string"),
        (None, "is of type NoneType and must be a string"),
        (b"a", "is of type bytes and must be a string"),
    ],
)
def test_a_name_that_firestore_refuses_is_refused(name: Any, fault: str) -> None:
    with pytest.raises(InvalidDocumentId, match=f"document id .* in venues .*{fault}"):
        check_name("venues", name)
    with pytest.raises(InvalidDocumentId, match=f"collection .*{fault}"):
        check_name(name, "id")


def test_a_long_name_is_shortened_in_the_message() -> None:
    with pytest.raises(InvalidDocumentId) as refusal:
        check_name("c", "x" * 100_000)
    assert len(str(refusal.value)) < 300


# Values


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (2**63, "more than 64 bits"),
        (-(2**63) - 1, "more than 64 bits"),
        ("\udfff", "lone surrogate"),
        (datetime(2026, 1, 1), "without a time zone"),  # noqa: DTZ001 - that is what is refused
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))), "outside the years"),
        (datetime(9999, 12, 31, 23, 30, tzinfo=timezone(-timedelta(hours=1))), "outside the years"),
        ([[1]], "list directly inside a list"),
        ((1, 2), "is of type tuple"),
        ({1, 2}, "is of type set"),
        (Decimal(1), "is of type Decimal"),
        (bytearray(b"a"), "is of type bytearray"),
        (object(), "is of type object"),
        ({"": 1}, "has a name that is empty"),
        ({"__a__": 1}, "has a name that begins and ends"),
        ({"__time__": 1}, "has a name that begins and ends"),
        ({1: 1}, "has a name that is of type int"),
        ({"\ud800": 1}, "has a name that holds a lone surrogate"),
        ({"x" * 1_501: 1}, "has a name that has 1,501 bytes"),
    ],
)
def test_a_value_that_firestore_refuses_is_refused_wherever_it_is(value: Any, fault: str) -> None:
    for data in ({"x": value}, {"x": {"y": value}}, {"x": [{"y": value}]}):
        with pytest.raises(InvalidDocumentData, match=f"venues/v1: field x.*{fault}"):
            check_fields("venues", "v1", data)


def test_the_message_names_the_way_to_the_value() -> None:
    with pytest.raises(InvalidDocumentData, match=r"venues/v1: field a\.1\.b is of type set"):
        check_fields("venues", "v1", {"a": [0, {"b": set()}]})


@pytest.mark.parametrize("data", [None, [], "a", 1])
def test_what_is_no_map_is_no_document(data: Any) -> None:
    with pytest.raises(InvalidDocumentData, match="a document is a dict"):
        check_document("c", "i", data)


@pytest.mark.parametrize("kind", [dict, list])
def test_twenty_levels_are_fine_and_one_more_is_not(kind: type) -> None:
    check_fields("c", "i", {"a": nested(20, kind)})
    with pytest.raises(InvalidDocumentData, match="nested more than 20 levels"):
        check_fields("c", "i", {"a": nested(21, kind)})


def test_a_value_inside_itself_is_refused() -> None:
    endless: dict[str, object] = {}
    endless["again"] = endless
    with pytest.raises(InvalidDocumentData, match="nested more than 20 levels"):
        check_fields("c", "i", endless)


# Batches


def test_five_hundred_writes_are_fine_and_one_more_is_not() -> None:
    check_batch([Delete("c", "i")] * 500)
    with pytest.raises(BatchTooLarge, match=r"501 writes.*500.*in parts"):
        check_batch([Delete("c", "i")] * 501)


def test_ten_mebibytes_are_fine_and_one_byte_more_is_not() -> None:
    check_batch_size(10_485_760)
    with pytest.raises(BatchTooLarge, match=r"10,485,761 bytes.*in parts"):
        check_batch_size(10_485_761)
