"""The store and its writer on real SQLite files."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from functions.emulator import writer as writer_module
from functions.emulator.records import NEVER_TRIED, Outcome
from functions.emulator.store import Insertion, NewTask, TaskStore
from functions.emulator.writer import Writer
from functions.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TASK = NewTask(
    task_key=1,
    queue_key=7,
    task_id="t",
    named=True,
    created=1000,
    due=2000,
    retry_config=None,
    message=b"message",
    body=b"body",
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TaskStore]:
    store = TaskStore(tmp_path)
    yield store
    store.close()


def test_a_task_is_kept_until_it_is_retired(store: TaskStore) -> None:
    assert Insertion.ADDED is store.insert_task(TASK)
    assert (b"message", b"body") == store.read_content(1)
    store.retire_task(1, rests_until=None)
    assert store.read_content(1) is None
    assert store.read_task(7, "t", with_body=True) is None


def test_a_name_is_live_then_rests_then_is_free(store: TaskStore) -> None:
    store.insert_task(TASK)
    again = replace(TASK, task_key=2)
    assert Insertion.LIVE is store.insert_task(again)
    store.retire_task(1, rests_until=5000)
    assert Insertion.RESTING is store.insert_task(replace(again, created=4999))
    assert Insertion.ADDED is store.insert_task(replace(again, created=5000))
    assert (b"message", b"body") == store.read_content(2)


def test_a_name_rests_in_its_own_queue_only(store: TaskStore) -> None:
    store.insert_task(TASK)
    assert Insertion.ADDED is store.insert_task(replace(TASK, task_key=2, queue_key=8))


def test_nothing_of_a_retired_task_is_kept_but_its_name(store: TaskStore, tmp_path: Path) -> None:
    store.insert_task(replace(TASK, body=b"SECRET" * 1000, message=b"SECRET" * 1000))
    store.retire_task(1, rests_until=5000)
    held = store.read_task(7, "t", with_body=True)
    assert held is not None
    assert (True, b"", b"") == (held.finished, held.message, held.body)
    assert [] == list(store.live_tasks())


def test_a_retired_task_is_not_revived_by_what_comes_late(store: TaskStore) -> None:
    store.insert_task(TASK)
    store.retire_task(1, rests_until=5000)
    store.record_attempt(1, 9999, NEVER_TRIED)
    store.retire_task(1, rests_until=1)
    assert Insertion.RESTING is store.insert_task(replace(TASK, task_key=2, created=4999))


def test_attempts_are_kept(store: TaskStore) -> None:
    store.insert_task(TASK)
    outcome = Outcome(503, responded=True, reason="HTTP status code 503")
    log = NEVER_TRIED.add(outcome, schedule=2000, dispatch=2100, now=2200)
    store.record_attempt(1, 3000, log)
    ((queue_key, task),) = store.live_tasks()
    assert (7, 3000, log) == (queue_key, task.due, task.attempts)


def test_what_has_rested_is_pruned_a_little_at_a_time(store: TaskStore) -> None:
    for key in range(1, 6):
        store.insert_task(replace(TASK, task_key=key, task_id=f"t{key}"))
        store.retire_task(key, rests_until=1000 * key)
    store.insert_operation("operation", b"", kept_until=2000)
    assert 0 == store.prune(999, count=2)
    assert 3 == store.prune(3000, count=2)  # two names, one operation
    assert 1 == store.prune(3000, count=2)
    assert 0 == store.prune(3000, count=2)
    assert store.read_operation("operation") is None
    kept = [store.read_task(7, f"t{key}", with_body=False) for key in range(1, 6)]
    assert [True, True, True, False, False] == [each is None for each in kept]


def test_a_page_ends_at_its_count_or_its_bytes(store: TaskStore) -> None:
    for key in range(1, 5):
        task_id = f"t{key}"
        store.insert_task(replace(TASK, task_key=key, task_id=task_id, body=b"x" * 100))

    def page(after: str, count: int, max_bytes: int) -> tuple[list[str], bool]:
        tasks, more = store.list_tasks(
            7, after=after, count=count, max_bytes=max_bytes, with_body=True
        )
        return [task.task_id for task in tasks], more

    assert (["t1", "t2"], True) == page("", 2, 10_000)
    assert (["t3", "t4"], False) == page("t2", 2, 10_000)
    assert (["t1", "t2"], True) == page("", 9, 250)
    assert (["t1"], True) == page("", 9, 1)  # one always fits


def test_a_commit_waits_for_the_disk(store: TaskStore) -> None:
    pragmas = [
        store._connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "locking_mode")
    ]
    assert ["wal", 2, "exclusive"] == pragmas  # 2 is FULL


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    TaskStore(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "cloud-tasks.sqlite3")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(EmulatorError, match="of another version"):
        TaskStore(tmp_path)


def test_a_store_serves_one_at_a_time(tmp_path: Path) -> None:
    first = TaskStore(tmp_path)
    with pytest.raises(EmulatorError, match="is in use by another emulator"):
        TaskStore(tmp_path)
    first.close()
    TaskStore(tmp_path).close()


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    foreign = tmp_path / "cloud-tasks.sqlite3"
    foreign.write_bytes(b"precious data of somebody else\n" * 100)
    with pytest.raises(EmulatorError, match="file is not a database"):
        TaskStore(tmp_path)
    assert b"precious data of somebody else\n" * 100 == foreign.read_bytes()


def test_a_folder_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(EmulatorError, match="cannot be used"):
        TaskStore(tmp_path / "file" / "below")


def test_a_file_of_another_program_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "cloud-tasks.sqlite3")
    connection.execute("CREATE TABLE theirs (id INTEGER)")
    connection.close()
    with pytest.raises(EmulatorError, match="not this emulator's"):
        TaskStore(tmp_path)


class CountingStore(TaskStore):
    """A store that counts its commits."""

    commits = 0

    def commit(self) -> None:
        super().commit()
        self.commits += 1


class Hold:
    """A job that keeps the writer busy until it is released."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._release = threading.Event()
        self.begun = asyncio.Event()

    def __call__(self, _: TaskStore) -> bool:
        self._loop.call_soon_threadsafe(self.begun.set)
        return self._release.wait(30)

    def release(self) -> None:
        self._release.set()


async def test_jobs_that_wait_share_a_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "_LINGER", 3600.0)  # none of them does
    store = CountingStore(tmp_path)
    writer = Writer(store, on_failure=pytest.fail)
    hold = Hold()
    first = writer.submit(hold)
    await hold.begun.wait()
    others = [
        writer.submit(
            lambda store, key=key: store.insert_task(replace(TASK, task_key=key, task_id=f"t{key}"))
        )
        for key in range(100)
    ]
    hold.release()
    await asyncio.gather(first, *others)
    assert 2 == store.commits
    await writer.close()


async def test_a_job_that_lingers_shares_the_commit_of_the_next(tmp_path: Path) -> None:
    store = CountingStore(tmp_path)
    writer = Writer(store, on_failure=pytest.fail)
    for key in range(10):
        row = replace(TASK, task_key=key, task_id=f"t{key}")
        writer.post(lambda store, row=row: store.insert_task(row), linger=True)
    tasks = await writer.submit(lambda store: list(store.live_tasks()))
    assert (10, 1) == (len(tasks), store.commits)
    await writer.close()


async def test_a_job_that_lingers_is_done_even_when_no_other_comes(tmp_path: Path) -> None:
    writer = Writer(TaskStore(tmp_path), on_failure=pytest.fail)
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    writer.post(lambda _: loop.call_soon_threadsafe(done.set), linger=True)
    async with asyncio.timeout(30):
        await done.wait()
    await writer.close()


async def test_a_job_that_lingers_behind_a_commit_is_done_too(tmp_path: Path) -> None:
    writer = Writer(TaskStore(tmp_path), on_failure=pytest.fail)
    loop, done, hold = asyncio.get_running_loop(), asyncio.Event(), Hold()
    first = writer.submit(hold)
    await hold.begun.wait()
    writer.post(lambda _: loop.call_soon_threadsafe(done.set), linger=True)
    hold.release()
    async with asyncio.timeout(30):
        await done.wait()
    assert await first
    await writer.close()


async def test_jobs_run_and_answer_in_the_order_they_came(tmp_path: Path) -> None:
    writer = Writer(TaskStore(tmp_path), on_failure=pytest.fail)
    ran: list[int] = []
    answered: list[int] = []
    futures = [
        writer.submit(lambda _, number=number: ran.append(number) or number, answered.append)
        for number in range(2500)  # more than one batch
    ]
    assert list(range(2500)) == await asyncio.gather(*futures) == ran == answered
    await writer.close()


async def test_a_result_is_used_even_when_nobody_waits_for_it(tmp_path: Path) -> None:
    writer = Writer(TaskStore(tmp_path), on_failure=pytest.fail)
    used: list[str] = []
    writer.submit(lambda _: "result", used.append).cancel()
    await writer.submit(lambda _: None)
    assert ["result"] == used
    await writer.close()


async def test_a_full_disk_stops_the_writer_and_takes_nothing_back(tmp_path: Path) -> None:
    store = TaskStore(tmp_path)
    failures: list[Exception] = []
    writer = Writer(store, on_failure=failures.append)
    await writer.submit(lambda store: store.insert_task(TASK))
    await writer.submit(lambda store: limit(store, pages=20))
    large = replace(TASK, task_key=2, task_id="large", body=b"x" * 500_000)
    small = replace(TASK, task_key=3, task_id="small")
    futures = [
        writer.submit(lambda store, row=row: store.insert_task(row)) for row in (large, small)
    ]
    for future in futures:
        with pytest.raises(EmulatorError, match="could not be written: database or disk is full"):
            await future
    with pytest.raises(EmulatorError, match="could not be written"):
        writer.submit(lambda _: None)
    writer.post(lambda _: pytest.fail("a broken writer runs nothing"))
    assert ["database or disk is full"] == [str(failure) for failure in failures]
    await writer.close()
    store = TaskStore(tmp_path)
    assert ["t"] == [task.task_id for _, task in store.live_tasks()]
    store.close()


async def test_a_bug_in_an_answer_stops_the_writer_rather_than_being_lost(tmp_path: Path) -> None:
    failures: list[Exception] = []
    writer = Writer(TaskStore(tmp_path), on_failure=failures.append)
    bug = ZeroDivisionError()

    def fail(_: None) -> None:
        raise bug

    with pytest.raises(EmulatorError):
        await writer.submit(lambda _: None, fail)
    assert [bug] == failures
    await writer.close()


async def test_a_closed_writer_has_done_its_work_and_takes_no_more(tmp_path: Path) -> None:
    writer = Writer(TaskStore(tmp_path), on_failure=pytest.fail)
    for key in range(50):
        row = replace(TASK, task_key=key, task_id=f"t{key}")
        writer.post(lambda store, row=row: store.insert_task(row))
    await writer.close()
    await writer.close()
    with pytest.raises(EmulatorError, match="is stopping"):
        writer.submit(lambda _: None)
    store = TaskStore(tmp_path)
    assert 50 == len(list(store.live_tasks()))
    store.close()


def limit(store: TaskStore, *, pages: int) -> None:
    store._connection.execute(f"PRAGMA max_page_count = {pages}").fetchall()
