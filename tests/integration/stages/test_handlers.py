"""Handlers called as plain functions, on a real store."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import pytest

from functions.errors import PermanentError, RetryableError
from functions.pipeline import Pipeline
from functions.runtime.blobs import FolderBlobs
from functions.runtime.settings import Settings
from functions.runtime.store import Put, Update
from functions.runtime.store.sqlite import SqliteStore
from functions.runtime.work import UnitOfWork
from functions.stages import scheduling
from functions.stages.collections import SOURCES
from functions.stages.payloads import EntityRef, ScheduleSources, SourcePage, SyncEntities
from functions.stages.scheduling import schedule_sources
from functions.stages.sourcing import source_page
from functions.stages.sync_data_stores import open_database, sync_entities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.queues import SimpleQueue
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "documents.db")
    yield opened
    opened.close()


@pytest.fixture
def begin(store: SqliteStore, tmp_path: Path) -> Callable[..., UnitOfWork]:
    """Give a function that begins a unit of work at a stage."""

    def begin_work(stage: str, task_id: str = "t1", **settings: Any) -> UnitOfWork:
        pipeline = Pipeline()
        return UnitOfWork(
            pipeline=pipeline,
            stage=pipeline.stage(stage),
            task_id=task_id,
            store=store,
            blobs=FolderBlobs(tmp_path / "blobs"),
            settings=Settings(data=tmp_path, **settings),
            now=NOW,
        )

    return begin_work


def add_source(store: SqliteStore, name: str, due: datetime | None, **fields: Any) -> None:
    location = f"https://{name}.example/"
    store.commit([Put(SOURCES, name, {"location": location, "next_due_at": due, **fields})])


def test_due_sources_are_sent_on_spaced_out_and_others_wait(
    store: SqliteStore, begin: Callable[..., UnitOfWork]
) -> None:
    add_source(store, "early", NOW - timedelta(hours=1))
    add_source(store, "now", NOW, interval_seconds=3600)
    add_source(store, "later", NOW + timedelta(seconds=1))
    add_source(store, "never", None)
    work = begin("scheduling")

    schedule_sources(ScheduleSources(), work)

    sent = [payload.source_id for _, payload in work.decided() if isinstance(payload, SourcePage)]
    assert ["early", "now"] == sent
    assert [None, NOW + timedelta(seconds=1)] == [entry.not_before for entry in work.pack_outbox()]
    assert {"early": None, "now": NOW + timedelta(hours=1)} == {
        write.id: write.fields["next_due_at"] for write in work.writes if isinstance(write, Update)
    }


def test_more_sources_than_one_batch_takes_are_scheduled_in_turn(
    store: SqliteStore, begin: Callable[..., UnitOfWork], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduling, "PAGE", 3)
    for number in range(7):
        add_source(store, f"s{number}", NOW)
    sent: list[str] = []
    turns = 0
    more = True
    while more:
        work = begin("scheduling", f"t{turns}")
        schedule_sources(ScheduleSources(), work)
        store.commit(work.writes)
        decided = [payload for _, payload in work.decided()]
        sent += [payload.source_id for payload in decided if isinstance(payload, SourcePage)]
        more = any(isinstance(payload, ScheduleSources) for payload in decided)
        turns += 1

    assert ([f"s{number}" for number in range(7)], 3) == (sent, turns)


def test_a_source_that_is_gone_is_told(begin: Callable[..., UnitOfWork]) -> None:
    with pytest.raises(PermanentError, match="no source 's9': was it deleted"):
        source_page(SourcePage(source_id="s9"), begin("sourcing"))


def test_a_source_on_this_machine_is_refused_in_the_cloud(
    store: SqliteStore, begin: Callable[..., UnitOfWork]
) -> None:
    store.commit([Put(SOURCES, "s1", {"location": "http://127.0.0.1:8000/"})])

    with pytest.raises(PermanentError, match="loopback"):
        source_page(SourcePage(source_id="s1"), begin("sourcing"))


def write_performance(store: SqliteStore, version: int, name: str, artists: list[str]) -> None:
    data = {"version": version, "name": name, "artist_ids": artists, "status": "scheduled"}
    store.commit([Put("performances", "p1", data)])


def rows(tmp_path: Path, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(tmp_path / "mystage.db")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_an_entity_is_brought_to_its_table_and_an_older_version_never_wins(
    store: SqliteStore, begin: Callable[..., UnitOfWork], tmp_path: Path
) -> None:
    task = SyncEntities(entities=(EntityRef(kind="performances", id="p1"),))
    write_performance(store, 2, "Night", ["a", "b"])
    sync_entities(task, begin("sync_data_stores"))
    sync_entities(task, begin("sync_data_stores"))
    write_performance(store, 1, "Old", ["c"])
    sync_entities(task, begin("sync_data_stores"))
    assert [("p1", 2, "Night")] == rows(tmp_path, "SELECT id, version, name FROM performances")

    write_performance(store, 3, "Late", ["b"])
    sync_entities(task, begin("sync_data_stores"))
    assert [("p1", 3, "Late")] == rows(tmp_path, "SELECT id, version, name FROM performances")
    assert [("b", 0)] == rows(tmp_path, "SELECT artist_id, position FROM performance_artists")


def open_at_once(url: str, start: Barrier, failures: SimpleQueue[str]) -> None:
    start.wait()
    try:
        open_database(url)
    except RetryableError as error:
        failures.put(str(error))


def test_workers_that_open_a_new_database_at_once_make_its_tables_once(tmp_path: Path) -> None:
    spawn = get_context("spawn")
    start, failures = spawn.Barrier(4), spawn.SimpleQueue()
    workers = [
        spawn.Process(target=open_at_once, args=(f"sqlite:///{tmp_path}/t.db", start, failures))
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [0, 0, 0, 0] == [worker.exitcode for worker in workers]
    assert failures.empty(), failures.get()


@pytest.mark.parametrize(
    ("url", "verdict"),
    [
        ("sqlite:////no/such/folder/tables.db", RetryableError),  # it may come back
        ("sqlite://admin:hunter2@host/tables.db", PermanentError),  # no such form of URL
        ("nosuchdb://admin:hunter2@host/tables", PermanentError),  # no such kind of database
        ("postgresql+nosuch://admin:hunter2@host/tables", PermanentError),  # nor driver
        ("not a url hunter2", PermanentError),
        ("postgresql://admin:hunter2@host:abc/tables", PermanentError),  # no port
    ],
)
def test_a_database_that_cannot_be_used_is_told_without_its_password(
    store: SqliteStore, begin: Callable[..., UnitOfWork], url: str, verdict: type[Exception]
) -> None:
    write_performance(store, 1, "Night", [])
    task = SyncEntities(entities=(EntityRef(kind="performances", id="p1"),))

    with pytest.raises(verdict) as refusal:
        sync_entities(task, begin("sync_data_stores", sql_url=url))

    assert "hunter2" not in str(refusal.value)
