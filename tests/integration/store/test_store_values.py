"""The contract of a document store: what goes in comes out, with exactly its type."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.runtime.store import Put

if TYPE_CHECKING:
    from functions.runtime.store import DocumentStore


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


def exactly(value: Any) -> Any:
    """Return what is equal for the same types only: 1 is not 1.0 nor True, and nan is nan."""
    if isinstance(value, dict):
        return {name: exactly(each) for name, each in value.items()}
    if isinstance(value, list):
        return [exactly(each) for each in value]
    return type(value), repr(value)


def there_and_back(store: DocumentStore, value: Any) -> Any:
    store.commit([Put("values", "v", {"value": value})])
    document = store.get("values", "v")
    assert document is not None
    return document.data["value"]


texts = st.text(st.characters(exclude_categories=["Cs"]))
names = texts.filter(lambda name: name and not (name.startswith("__") and name.endswith("__")))
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | texts
    | st.binary()
    # UTC has no time that comes twice, which is what fold tells apart.
    | st.datetimes(timezones=st.just(UTC)).map(lambda time: time.replace(fold=0))
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.dictionaries(names, inner, max_size=4)
        | st.lists(inner.filter(lambda value: not isinstance(value, list)), max_size=4)
    ),
    max_leaves=8,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=values)
def test_any_value_comes_back_with_exactly_its_type(store: DocumentStore, value: Any) -> None:
    assert exactly(value) == exactly(there_and_back(store, value))


@pytest.mark.parametrize(
    "value",
    [
        2**63 - 1,
        -(2**63),
        2**53 + 1,
        1.0,
        -0.0,
        0.1 + 0.2,
        5e-324,
        math.inf,
        -math.inf,
        math.nan,
        "",
        "\0",
        "\u2028\U0010ffff\ufeff",
        "quote ' \" \\ ; --",
        b"",
        bytes(range(256)),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        [],
        {},
        [{}, {"a": []}],
        {"__a": {"b__": {"a.b": {"": 1} and 1}}},
        {"@type": "MusicEvent", "schema:name": "x", "with space": 1, "0": 2},
    ],
    ids=ascii,
)
def test_odd_values_come_back_with_exactly_their_types(store: DocumentStore, value: Any) -> None:
    assert exactly(value) == exactly(there_and_back(store, value))


@pytest.mark.parametrize(("value", "plain"), [(Colour.RED, "red"), (Level.HIGH, 3)])
def test_members_of_enumerations_come_back_plain(
    store: DocumentStore, value: Any, plain: Any
) -> None:
    assert exactly(plain) == exactly(there_and_back(store, value))


def test_a_time_comes_back_in_utc(store: DocumentStore) -> None:
    time = datetime(2026, 5, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert exactly(time.astimezone(UTC)) == exactly(there_and_back(store, time))


def test_a_document_of_a_mebibyte_comes_back(store: DocumentStore) -> None:
    data = {"text": "é" * 250_000, "bytes": bytes(500_000), "list": [0.5] * 1_000}
    store.commit([Put("values", "v", data)])
    document = store.get("values", "v")
    assert data == (document and document.data)


def test_odd_names_are_names(store: DocumentStore) -> None:
    name = "o'dd \" \\ \n\0 ; -- % é"
    store.commit([Put(name, name, {"a": 1})])
    document = store.get(name, name)
    assert (name, name) == (document and document.collection, document and document.id)
    assert [document] == store.query(name)
    assert [document] == store.get_all([(name, name)])
