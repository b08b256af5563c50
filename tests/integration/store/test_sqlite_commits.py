"""How commits of several threads go together, and how they stay apart."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from functions.errors import DocumentExists, StoreUnavailable
from functions.runtime.store import Create, Update
from functions.runtime.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from functions.runtime.store import Write


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(tmp_path / "store.db")) as opened:
        yield opened


@pytest.fixture
def commit_together(
    store: SqliteStore, tmp_path: Path, wait_until: Callable[[Callable[[], object]], None]
) -> Callable[[Sequence[Sequence[Write]]], list[Any]]:
    """Give a function that has batches of several threads wait for each other and for the file."""

    def commit(batches: Sequence[Sequence[Write]]) -> list[Any]:
        results: list[Any] = [None] * len(batches)

        def run(place: int) -> None:
            try:
                results[place] = store.commit(batches[place])
            except BaseException as error:  # noqa: BLE001 - an interrupt is what a test looks for
                results[place] = error

        threads = [Thread(target=run, args=(place,)) for place in range(len(batches))]
        with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for thread in threads:
                thread.start()
            wait_until(lambda: len(store._commits._waiting) == len(batches))
            other.execute("COMMIT")
        for thread in threads:
            thread.join()
        return results

    return commit


def test_batches_that_wait_are_committed_at_once_each_at_its_own_time(
    store: SqliteStore, commit_together: Callable[..., list[Any]]
) -> None:
    times = sorted(commit_together([[Create("c", each, {})] for each in "abcd"]))
    assert [timedelta(microseconds=each) for each in range(4)] == [t - times[0] for t in times]
    assert times == sorted(each.create_time for each in store.query("c"))


def test_a_batch_that_fails_leaves_the_others_alone(
    store: SqliteStore, commit_together: Callable[..., list[Any]]
) -> None:
    batches = [[Create("c", each, {}), Create("c", "same", {"by": each})] for each in "abc"]
    results = commit_together(batches)
    failed = [each for each in results if isinstance(each, DocumentExists)]
    assert 2 == len(failed)
    assert failed[0] is not failed[1]
    winner = store.get("c", "same")
    assert winner is not None
    assert {winner.data["by"], "same"} == {each.id for each in store.query("c")}
    assert [winner.update_time] == [each for each in results if each not in failed]


def test_batches_of_one_group_see_each_other(
    store: SqliteStore, commit_together: Callable[..., list[Any]]
) -> None:
    store.commit([Create("c", "a", {})])
    commit_together([[Update("c", "a", {f"f{number}": number})] for number in range(6)])
    document = store.get("c", "a")
    assert {f"f{number}": number for number in range(6)} == (document and document.data)


def test_more_batches_than_a_group_holds_are_all_committed(
    store: SqliteStore, commit_together: Callable[..., list[Any]]
) -> None:
    times = commit_together([[Create("c", f"{number}", {})] for number in range(70)])
    assert 70 == len(set(times)) == store.count("c")


class Interrupting(dict[str, object]):
    """Feign Ctrl-C in the middle of a transaction."""

    def __iter__(self) -> Iterator[str]:  # which has dict() ask for the keys
        raise KeyboardInterrupt

    def keys(self) -> Any:
        raise KeyboardInterrupt


def test_an_interrupted_thread_writes_nothing_and_tells_the_others(
    store: SqliteStore, commit_together: Callable[..., list[Any]]
) -> None:
    store.commit([Create("c", "a", {})])
    results = commit_together(
        [
            [Create("c", "b", {})],
            [Update("c", "a", Interrupting(n=1))],
            [Create("c", "d", {})],
        ]
    )
    interrupted = [each for each in results if isinstance(each, KeyboardInterrupt)]
    told = [each for each in results if isinstance(each, StoreUnavailable)]
    assert (1, 2) == (len(interrupted), len(told))
    assert {"whether it was written is unknown" in str(each) for each in told} == {True}
    assert ["a"] == [each.id for each in store.query("c")]
    store.commit([Create("c", "b", {})])


class InterruptedWait:
    """Feign Ctrl-C while a thread waits for its turn."""

    def __enter__(self) -> None:
        raise KeyboardInterrupt

    def __exit__(self, *_: object) -> None:
        pass


def test_a_batch_whose_caller_was_interrupted_is_not_committed_later(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(store._commits, "_turn", InterruptedWait())
        with pytest.raises(KeyboardInterrupt):
            store.commit([Create("c", "a", {})])
    store.commit([Create("c", "b", {})])
    assert ["b"] == [each.id for each in store.query("c")]


def test_all_that_wait_for_a_locked_file_give_up_together(
    tmp_path: Path, wait_until: Callable[[Callable[[], object]], None]
) -> None:
    results = []
    with (
        closing(SqliteStore(tmp_path / "s.db", busy_timeout=timedelta(seconds=1))) as store,
        closing(sqlite3.connect(tmp_path / "s.db", isolation_level=None)) as other,
    ):

        def run(number: int) -> None:
            try:
                store.commit([Create("c", f"{number}", {})])
            except StoreUnavailable as error:
                results.append(error)

        threads = [Thread(target=run, args=(number,)) for number in range(5)]
        other.execute("BEGIN IMMEDIATE")
        for thread in threads:
            thread.start()
        wait_until(lambda: len(store._commits._waiting) == len(threads))
        wait_until(lambda: not store._commits._waiting)
        for thread in threads:
            thread.join()
        other.execute("COMMIT")
        assert 0 == store.count("c")
    assert 5 == len({id(each) for each in results})
    assert {"locked by others" in str(each) for each in results} == {True}
