"""The contract of a document store: many threads and processes, and the sudden end of some."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

from store_worker import PARTS

from functions.errors import DocumentChanged, DocumentExists, StoreUnavailable
from functions.runtime.store import Create, Document, Put, Update

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import Popen

    from functions.runtime.store import DocumentStore

    StartWorker = Callable[..., Popen[str]]

THREADS = 8


def read_line(worker: Popen[str]) -> str:
    assert worker.stdout is not None
    line = worker.stdout.readline()
    assert line, f"the worker ended with {worker.wait()}"
    return line.strip()


def begin(*workers: Popen[str]) -> None:
    """Let workers begin at once, when all of them are ready."""
    for worker in workers:
        assert read_line(worker) == "ready"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("\n")


def read(store: DocumentStore, collection: str, document_id: str) -> Document:
    document = store.get(collection, document_id)
    assert document is not None
    return document


# Processes


def test_of_processes_that_create_the_same_document_exactly_one_wins(
    store: DocumentStore, start_worker: StartWorker
) -> None:
    workers = {name: start_worker("create_all", name, 60) for name in "abcd"}
    begin(*workers.values())
    won = {name: int(read_line(worker)) for name, worker in workers.items()}
    winners = Counter(each.data["winner"] for each in store.query("races"))
    assert 60 == winners.total()
    assert won == {name: winners[name] for name in "abcd"}


def test_processes_that_expect_what_they_read_lose_no_increment(
    store: DocumentStore, start_worker: StartWorker
) -> None:
    store.commit([Create("counters", "shared", {"count": 0})])
    workers = [start_worker("increment", 40) for _ in range(4)]
    begin(*workers)
    for worker in workers:
        read_line(worker)
    assert {"count": 160} == read(store, "counters", "shared").data


def test_a_killed_process_leaves_whole_batches_only(
    store: DocumentStore, start_worker: StartWorker
) -> None:
    for kill_after in (0, 3, 25):
        worker = start_worker("write_batches")
        begin(worker)
        for _ in range(kill_after):
            committed = int(read_line(worker))
        worker.kill()
        # It went on while it was being killed: what it had printed is committed all the same.
        assert worker.stdout is not None
        lines = [line for line in worker.stdout if line.endswith("\n")]
        committed = int(lines[-1]) if lines else (committed if kill_after else -1)
        parts = Counter(each.data["batch"] for each in store.query("batches"))
        assert {PARTS} >= set(parts.values())
        assert set(range(committed + 1)) <= set(parts)
        latest = store.get("latest", "batch")
        assert max(parts, default=None) == (latest and latest.data["number"])


def test_readers_of_several_documents_see_whole_batches(
    store: DocumentStore, start_worker: StartWorker
) -> None:
    worker = start_worker("write_batches")
    begin(worker)
    read_line(worker)
    seen: set[int] = set()
    while len(seen) < 30:
        one, twin = store.get_all([("latest", "batch"), ("latest", "twin")])
        assert one is not None
        assert twin is not None
        assert one.data == twin.data
        assert 0 == store.count("batches") % PARTS
        seen.add(one.data["number"])


# Threads


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """Run work in several threads that begin together; return what they return."""
    barrier = Barrier(THREADS)

    def run(number: int) -> Any:
        barrier.wait(timeout=20)
        return work(number)

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(run, range(THREADS)))


def test_of_threads_that_create_the_same_document_exactly_one_wins(store: DocumentStore) -> None:
    def create(thread: int) -> int:
        won = 0
        for number in range(25):
            try:
                store.commit([Create("c", f"{number}", {"thread": thread})])
            except DocumentExists:
                continue
            won += 1
        return won

    won = at_once(create)
    winners = Counter(each.data["thread"] for each in store.query("c"))
    assert {thread: wins for thread, wins in enumerate(won) if wins} == winners


def test_threads_that_expect_what_they_read_lose_no_increment(store: DocumentStore) -> None:
    store.commit([Create("c", "a", {"count": 0})])

    def increment(_thread: int) -> None:
        done = 0
        while done < 15:
            there = read(store, "c", "a")
            data = {"count": there.data["count"] + 1}
            try:
                store.commit([Put("c", "a", data, expect=there.update_time)])
            except DocumentChanged:
                continue
            done += 1

    at_once(increment)
    assert {"count": 15 * THREADS} == read(store, "c", "a").data


def test_commit_times_are_never_the_same(store: DocumentStore) -> None:
    store.commit([Create("c", "a", {})])
    times = at_once(
        lambda thread: [store.commit([Update("c", "a", {f"t{thread}": n})]) for n in range(20)]
    )
    assert 20 * THREADS == len({time for each in times for time in each})
    assert max(max(each) for each in times) == read(store, "c", "a").update_time


def test_closing_under_load_ends_in_success_or_in_closed(store: DocumentStore) -> None:
    barrier = Barrier(THREADS)

    def use(thread: int) -> int:
        committed = 0
        barrier.wait(timeout=20)
        try:
            while thread or committed < 10:
                store.commit([Create("c", f"{thread}-{committed}", {})])
                committed += 1
                store.query("c", limit=3)
                store.get("c", "0-0")
        except StoreUnavailable as error:
            assert "closed" in str(error)  # noqa: PT017 - either way is right
        if thread == 0:
            store.close()
        return committed

    with ThreadPoolExecutor(THREADS) as threads:
        assert 10 <= sum(threads.map(use, range(THREADS)))
