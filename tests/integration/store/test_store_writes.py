"""The contract of a document store: writes, preconditions, atomicity."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from store_implementations import open_store

from functions.errors import (
    BatchTooLarge,
    DocumentChanged,
    DocumentExists,
    DocumentMissing,
    DocumentTooLarge,
    InvalidDocumentData,
    InvalidDocumentId,
    PreconditionFailed,
    StoreUnavailable,
)
from functions.runtime.store import Create, Delete, Document, Put, Update

if TYPE_CHECKING:
    from pathlib import Path

    from functions.runtime.store import DocumentStore, Write

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


def read(store: DocumentStore, collection: str, document_id: str) -> Document:
    document = store.get(collection, document_id)
    assert document is not None
    return document


# Each write


def test_a_created_document_is_there(store: DocumentStore) -> None:
    time = store.commit([Create("venues", "v1", {"name": "Blue Lamp"})])
    assert Document("venues", "v1", {"name": "Blue Lamp"}, time, time) == store.get("venues", "v1")


def test_times_are_now_in_utc(store: DocumentStore) -> None:
    before = datetime.now(UTC)
    time = store.commit([Create("venues", "v1", {})])
    assert before - timedelta(seconds=1) <= time <= datetime.now(UTC) + timedelta(seconds=1)
    assert UTC == time.tzinfo
    assert UTC == read(store, "venues", "v1").update_time.tzinfo


def test_what_is_not_there_is_none(store: DocumentStore) -> None:
    store.commit([Create("venues", "v1", {})])
    assert store.get("venues", "v2") is None
    assert store.get("artists", "v1") is None


def test_creating_twice_is_refused(store: DocumentStore) -> None:
    store.commit([Create("venues", "v1", {"n": 1})])
    with pytest.raises(DocumentExists, match="venues/v1 is there already"):
        store.commit([Create("venues", "v1", {"n": 2})])
    assert {"n": 1} == read(store, "venues", "v1").data


def test_a_put_replaces_the_whole_document_and_keeps_its_creation(store: DocumentStore) -> None:
    created = store.commit([Put("venues", "v1", {"a": 1, "b": 2})])
    changed = store.commit([Put("venues", "v1", {"b": 3})])
    assert Document("venues", "v1", {"b": 3}, created, changed) == store.get("venues", "v1")


def test_an_update_replaces_top_level_fields_only(store: DocumentStore) -> None:
    created = store.commit([Create("venues", "v1", {"a": {"x": 1, "y": 2}, "b": 1})])
    changed = store.commit([Update("venues", "v1", {"a": {"x": 3}, "c": None, "d.e": 4})])
    expected = {"a": {"x": 3}, "b": 1, "c": None, "d.e": 4}
    assert Document("venues", "v1", expected, created, changed) == store.get("venues", "v1")


def test_updating_what_is_not_there_is_refused(store: DocumentStore) -> None:
    with pytest.raises(DocumentMissing, match="venues/v1 is not there to be updated"):
        store.commit([Update("venues", "v1", {"a": 1})])
    assert store.get("venues", "v1") is None


def test_updating_nothing_is_refused(store: DocumentStore) -> None:
    store.commit([Create("venues", "v1", {})])
    with pytest.raises(InvalidDocumentData, match="update of venues/v1 without fields"):
        store.commit([Update("venues", "v1", {})])


def test_a_deleted_document_is_gone_and_can_be_created_anew(store: DocumentStore) -> None:
    first = store.commit([Create("venues", "v1", {"n": 1})])
    store.commit([Delete("venues", "v1")])
    assert store.get("venues", "v1") is None
    second = store.commit([Create("venues", "v1", {"n": 1})])
    assert second > first
    assert Document("venues", "v1", {"n": 1}, second, second) == store.get("venues", "v1")


def test_deleting_what_is_not_there_is_fine(store: DocumentStore) -> None:
    store.commit([Delete("venues", "v1")])
    assert store.get("venues", "v1") is None


def test_documents_may_be_empty(store: DocumentStore) -> None:
    store.commit([Create("venues", "v1", {})])
    assert {} == read(store, "venues", "v1").data


def test_a_document_that_was_read_may_be_changed_freely(store: DocumentStore) -> None:
    store.commit([Create("venues", "v1", {"tags": []})])
    read(store, "venues", "v1").data["tags"].append("changed")
    assert {"tags": []} == read(store, "venues", "v1").data


# Preconditions


def expecting(expect: datetime) -> list[Write]:
    return [
        Put("venues", "v1", {"n": 9}, expect=expect),
        Update("venues", "v1", {"n": 9}, expect=expect),
        Delete("venues", "v1", expect=expect),
    ]


@pytest.mark.parametrize("write", [0, 1, 2])
def test_a_write_that_expects_the_last_change_is_done(store: DocumentStore, write: int) -> None:
    store.commit([Create("venues", "v1", {"n": 1})])
    time = store.commit([Put("venues", "v1", {"n": 2})])
    store.commit([expecting(time)[write]])
    document = store.get("venues", "v1")
    assert ({"n": 9}, {"n": 9}, None)[write] == (document and document.data)


@pytest.mark.parametrize("write", [0, 1, 2])
def test_a_write_that_expects_an_earlier_change_is_refused(
    store: DocumentStore, write: int
) -> None:
    time = store.commit([Create("venues", "v1", {"n": 1})])
    store.commit([Put("venues", "v1", {"n": 2})])
    for expect in (time, LONG_AGO, datetime.now(UTC) + timedelta(days=1)):
        with pytest.raises(DocumentChanged, match=r"venues/v1 changed at .* read it again"):
            store.commit([expecting(expect)[write]])
    assert {"n": 2} == read(store, "venues", "v1").data


@pytest.mark.parametrize("write", [0, 1, 2])
def test_a_write_that_expects_a_missing_document_is_refused(
    store: DocumentStore, write: int
) -> None:
    time = store.commit([Create("venues", "v1", {"n": 1})])
    store.commit([Delete("venues", "v1")])
    with pytest.raises(DocumentMissing, match="venues/v1 is not there"):
        store.commit([expecting(time)[write]])
    assert store.get("venues", "v1") is None


@pytest.mark.parametrize("write", [0, 1, 2])
def test_a_write_may_expect_a_time_of_another_zone(store: DocumentStore, write: int) -> None:
    time = store.commit([Create("venues", "v1", {"n": 1})])
    store.commit([expecting(time.astimezone(timezone(timedelta(hours=9))))[write]])


@pytest.mark.parametrize("write", [0, 1, 2])
def test_a_write_that_expects_a_time_without_a_zone_is_refused(
    store: DocumentStore, write: int
) -> None:
    with pytest.raises(InvalidDocumentData, match="without a time zone"):
        store.commit([expecting(LONG_AGO.replace(tzinfo=None))[write]])


def test_update_times_rise_strictly(store: DocumentStore) -> None:
    times = []
    for number in range(200):
        time = store.commit([Put("venues", "v1", {"n": number})])
        assert time == read(store, "venues", "v1").update_time
        times.append(time)
    assert sorted(set(times)) == times


def test_a_write_that_changes_nothing_leaves_the_update_time(store: DocumentStore) -> None:
    time = store.commit([Create("venues", "v1", {"a": 1, "b": {"c": [1], "d": 2}})])
    store.commit([Put("venues", "v1", {"b": {"d": 2, "c": [1]}, "a": 1})])
    store.commit([Update("venues", "v1", {"a": 1}, expect=time)])
    assert time == read(store, "venues", "v1").update_time


@pytest.mark.parametrize("other", [1.0, True, "1", [1], None])
def test_another_type_is_a_change(store: DocumentStore, other: object) -> None:
    store.commit([Create("venues", "v1", {"a": 1})])
    time = store.commit([Put("venues", "v1", {"a": other})])
    assert time == read(store, "venues", "v1").update_time


# Batches


def test_a_batch_writes_all_its_documents_at_one_time(store: DocumentStore) -> None:
    store.commit([Create("c", "old", {}), Create("c", "gone", {})])
    time = store.commit(
        [
            Create("c", "new", {"n": 1}),
            Put("d", "put", {"n": 2}),
            Update("c", "old", {"n": 3}),
            Delete("c", "gone"),
        ]
    )
    found = store.get_all([("c", "new"), ("d", "put"), ("c", "old"), ("c", "gone")])
    assert [{"n": 1}, {"n": 2}, {"n": 3}, None] == [each and each.data for each in found]
    assert {time} == {each.update_time for each in found if each}


@pytest.mark.parametrize(
    "failing",
    [
        Create("c", "there", {}),
        Put("c", "there", {}, expect=LONG_AGO),
        Put("c", "missing", {}, expect=LONG_AGO),
        Update("c", "missing", {"n": 2}),
        Delete("c", "there", expect=LONG_AGO),
        Delete("c", "missing", expect=LONG_AGO),
    ],
    ids=lambda write: f"{type(write).__name__} {write.id}",
)
@pytest.mark.parametrize("place", ["first", "last"])
def test_one_failing_precondition_and_nothing_is_written(
    store: DocumentStore, failing: Write, place: str
) -> None:
    store.commit([Create("c", "there", {"n": 1}), Create("c", "other", {"n": 1})])
    others: list[Write] = [Create("c", "new", {}), Update("c", "other", {"n": 2}), Delete("d", "x")]
    with pytest.raises(PreconditionFailed):
        store.commit([failing, *others] if place == "first" else [*others, failing])
    found = store.get_all([("c", "there"), ("c", "other"), ("c", "new")])
    assert [{"n": 1}, {"n": 1}, None] == [each and each.data for each in found]


def test_a_write_sees_what_those_before_it_in_the_batch_did(store: DocumentStore) -> None:
    time = store.commit(
        [
            Create("c", "a", {"n": 1}),
            Update("c", "a", {"m": 2}),
            Create("c", "b", {"n": 1}),
            Delete("c", "b"),
            Create("c", "b", {"n": 2}),
            Put("c", "d", {"n": 3}),
            Delete("c", "d"),
        ]
    )
    expected = [
        Document("c", "a", {"n": 1, "m": 2}, time, time),
        Document("c", "b", {"n": 2}, time, time),
        None,
    ]
    assert expected == store.get_all([("c", "a"), ("c", "b"), ("c", "d")])


@pytest.mark.parametrize(
    ("second", "error"),
    [
        (Create("c", "a", {"n": 2}), DocumentExists),
        (Put("c", "a", {"n": 2}, expect=LONG_AGO), DocumentChanged),
        (Update("c", "b", {"n": 2}), DocumentMissing),
    ],
)
def test_a_precondition_holds_after_the_writes_before_it(
    store: DocumentStore, second: Write, error: type[Exception]
) -> None:
    store.commit([Create("c", "b", {})])
    with pytest.raises(error):
        store.commit([Create("c", "a", {"n": 1}), Delete("c", "b"), second])
    assert store.get("c", "a") is None
    assert {} == read(store, "c", "b").data


def test_the_time_before_the_batch_is_expected_of_the_first_write_only(
    store: DocumentStore,
) -> None:
    time = store.commit([Create("c", "a", {"n": 1})])
    with pytest.raises(DocumentChanged):
        store.commit(
            [
                Update("c", "a", {"n": 2}, expect=time),
                Update("c", "a", {"m": 3}, expect=time),
            ]
        )
    assert {"n": 1} == read(store, "c", "a").data


def test_an_empty_batch_is_fine(store: DocumentStore) -> None:
    earlier = store.commit([Create("c", "a", {})])
    assert store.commit([]) > earlier


def test_five_hundred_writes_are_one_batch(store: DocumentStore) -> None:
    store.commit([Create("c", f"{number:03}", {"n": number}) for number in range(500)])
    assert 500 == store.count("c")


# Limits: each of them refuses before anything is written.


@pytest.mark.parametrize(
    ("refused", "error", "match"),
    [
        (Create("c", "a/b", {}), InvalidDocumentId, r"'a/b' in c holds a slash"),
        (Put("__c__", "a", {}), InvalidDocumentId, "collection '__c__'"),
        (Update("c", "..", {"n": 1}), InvalidDocumentId, "relative path"),
        (Delete("c", ""), InvalidDocumentId, "is empty"),
        (Create("c", "a", {"x": {1}}), InvalidDocumentData, "c/a: field x is of type set"),
        (Update("c", "there", {"x": 2**63}), InvalidDocumentData, "c/there: field x"),
        (Put("c", "a", {"x": "x" * 1_048_576}), DocumentTooLarge, "c/a: field x"),
        (Put("c", "a", {"x": "x" * 999_999, "y": "y" * 99_999}), DocumentTooLarge, "c/a has"),
        (Update("c", "there", {"y": "y" * 999_999}), DocumentTooLarge, "c/there has 1,1"),
    ],
    ids=lambda each: f"{type(each).__name__} {each.id[:3]}" if hasattr(each, "id") else "",
)
def test_a_batch_with_one_write_that_firestore_refuses_is_refused_whole(
    store: DocumentStore, refused: Write, error: type[Exception], match: str
) -> None:
    store.commit([Create("c", "there", {"x": "x" * 100_000})])
    with pytest.raises(error, match=match):
        store.commit([Create("c", "new", {}), refused])
    assert store.get("c", "new") is None
    assert 100_000 == len(read(store, "c", "there").data["x"])


def test_too_many_writes_are_refused(store: DocumentStore) -> None:
    with pytest.raises(BatchTooLarge):
        store.commit([Create("c", f"{number}", {}) for number in range(501)])
    assert 0 == store.count("c")


def test_too_many_bytes_are_refused(store: DocumentStore) -> None:
    writes = [Create("c", f"{number}", {"x": b"x" * 1_000_000}) for number in range(11)]
    with pytest.raises(BatchTooLarge):
        store.commit(writes)
    assert 0 == store.count("c")


def test_reads_refuse_what_cannot_be_a_name(store: DocumentStore) -> None:
    for read_wrongly in (
        lambda: store.get("c", "a/b"),
        lambda: store.get_all([("c", "a"), ("c", "")]),
        lambda: store.query("c/d"),
        lambda: store.count(""),
    ):
        with pytest.raises(InvalidDocumentId):
            read_wrongly()


# Reading several


def test_several_documents_come_in_the_order_asked_for(store: DocumentStore) -> None:
    store.commit([Create("c", "a", {"n": 1}), Create("d", "a", {"n": 2})])
    found = store.get_all([("d", "a"), ("c", "x"), ("c", "a"), ("d", "a")])
    assert [{"n": 2}, None, {"n": 1}, {"n": 2}] == [each and each.data for each in found]
    assert [] == store.get_all([])


def test_more_documents_than_a_batch_are_read_at_once(store: DocumentStore) -> None:
    store.commit([Create("c", f"{number}", {"n": number}) for number in range(300)])
    found: list[Any] = store.get_all([("c", f"{number % 300}") for number in range(1_500)])
    assert [number % 300 for number in range(1_500)] == [each.data["n"] for each in found]


# Closing


def test_a_closed_store_says_so(store: DocumentStore) -> None:
    store.commit([Create("c", "a", {})])
    store.close()
    store.close()
    for use in (
        lambda: store.get("c", "a"),
        lambda: store.get_all([("c", "a")]),
        lambda: store.query("c"),
        lambda: store.count("c"),
        lambda: store.commit([Delete("c", "a")]),
    ):
        with pytest.raises(StoreUnavailable, match="closed"):
            use()


def test_documents_outlive_the_store_that_wrote_them(
    store: DocumentStore, implementation: str, tmp_path: Path
) -> None:
    store.commit([Create("c", "a", {"n": 1})])
    written = store.get("c", "a")
    store.close()
    again = open_store(implementation, tmp_path)
    assert written == again.get("c", "a")
    again.close()
