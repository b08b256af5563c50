"""Sources that were asked for are kept until a run has taken them up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from functions.embedded.waiting import ask_for, forget, locate, read_waiting
from functions.runtime.store.sqlite import SqliteStore
from functions.stages.fetching import SourceLocation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCATIONS = [f"https://club.example/{number}" for number in range(1_000)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "documents.db")
    yield store
    store.close()


def sources(*locations: str) -> list[SourceLocation]:
    return [SourceLocation(each, given=each) for each in locations]


def test_more_than_a_batch_is_kept_across_an_end_of_the_process(
    store: SqliteStore, tmp_path: Path
) -> None:
    ask_for(store, sources(*LOCATIONS))
    store.close()
    again = SqliteStore(tmp_path / "documents.db")
    waiting = read_waiting(again)

    assert sorted(LOCATIONS) == sorted(each.location for each in locate(waiting))
    forget(again, waiting)
    assert [] == read_waiting(again)
    again.close()


def test_what_is_asked_for_twice_is_one_source_and_the_earlier_comes_first(
    store: SqliteStore,
) -> None:
    for location in ("https://b.example/", "https://a.example/", "https://b.example/"):
        ask_for(store, sources(location))

    assert sources("https://b.example/", "https://a.example/") == locate(read_waiting(store))


def test_what_is_asked_for_anew_while_a_run_takes_it_up_waits_for_the_next(
    store: SqliteStore,
) -> None:
    ask_for(store, sources(*LOCATIONS[:1]))
    taken = read_waiting(store)
    ask_for(store, sources(*LOCATIONS[:1]))
    forget(store, taken)

    assert sources(*LOCATIONS[:1]) == locate(read_waiting(store))
