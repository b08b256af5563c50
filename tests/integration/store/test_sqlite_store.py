"""What the SQLite store does besides the contract: its file, its errors, its indexes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from functions.errors import StoreUnavailable, StoreUnusable
from functions.runtime.store import INDEXES, Create, Filter, Index, Order, Update
from functions.runtime.store.queries import check_query
from functions.runtime.store.sqlite import SqliteStore
from functions.runtime.store.sqlite_select import count_documents, select_documents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from subprocess import Popen

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def implementation() -> str:
    return "sqlite"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(path, busy_timeout=timedelta(milliseconds=50))) as opened:
        yield opened


@pytest.fixture
def raw(path: Path, store: SqliteStore) -> Iterator[sqlite3.Connection]:
    """Give a connection of another program to the store's file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


# The file


def test_a_commit_waits_for_the_disk(store: SqliteStore) -> None:
    writer = store._file.writer
    pragmas = {
        name: writer.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "fullfsync")
    }
    assert {"journal_mode": "wal", "synchronous": 2, "fullfsync": 1} == pragmas


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    with closing(SqliteStore(path)) as store:
        store.commit([Create("c", "a", {})])
    with closing(SqliteStore(path)) as store:
        assert store.get("c", "a") is not None


def test_a_file_of_another_version_is_refused(path: Path) -> None:
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreUnusable, match="has version 99, and this program reads version 1"):
        SqliteStore(path)


def test_a_file_of_another_application_is_refused_and_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE t (x)")
    before = path.read_bytes()
    with pytest.raises(StoreUnusable, match="of another application"):
        SqliteStore(path)
    assert before == path.read_bytes()


def test_what_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_text("not a database\n" * 100)
    with pytest.raises(StoreUnusable, match=r"store.db is damaged or no document store.*move it"):
        SqliteStore(path)
    assert path.read_text().startswith("not a database")


def test_a_damaged_page_is_an_error_that_says_what_to_do(path: Path) -> None:
    with closing(SqliteStore(path, indexes=())) as store:
        store.commit([Create("c", f"{n:03}", {"x": "x" * 3_000}) for n in range(100)])
    content = bytearray(path.read_bytes())
    content[4096 * 8 :] = b"\xff" * (len(content) - 4096 * 8)
    path.write_bytes(content)
    with (
        closing(SqliteStore(path, indexes=())) as store,
        pytest.raises(StoreUnusable, match=r"store\.db is damaged.*Restore it from a backup"),
    ):
        store.query("c")


def test_a_damaged_document_is_named(path: Path) -> None:
    with closing(SqliteStore(path, indexes=())) as store:
        store.commit([Create("c", "a", {}), Create("c", "b", {})])
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("UPDATE documents SET data = '{' WHERE id = 'a'")
        for use in (
            lambda: store.get("c", "a"),
            lambda: store.get_all([("c", "a")]),
            lambda: store.query("c"),
            lambda: store.commit([Update("c", "a", {"n": 1})]),
        ):
            with pytest.raises(StoreUnusable, match="c/a is damaged"):
                use()
        with pytest.raises(StoreUnusable, match="damaged"):
            store.count("c", where=[Filter("n", "==", 1)])
        store.commit([Update("c", "b", {"n": 1})])


def test_other_programs_may_read_but_not_write(store: SqliteStore, raw: sqlite3.Connection) -> None:
    store.commit([Create("c", "a", {"n": 1})])
    assert [("c", "a", '{"n":1}')] == raw.execute(
        "SELECT collection, id, data FROM documents"
    ).fetchall()
    with pytest.raises(sqlite3.OperationalError, match="field_key"):
        raw.execute("UPDATE documents SET data = '{}'")


@pytest.mark.parametrize("place", ["missing/store.db", ".", "file/store.db"])
def test_a_place_where_no_file_can_be_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match=r"cannot be read or written.*its folder is there"):
        SqliteStore(tmp_path / place)


def test_a_store_in_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreUnavailable, match="cannot have a write-ahead log"):
        SqliteStore(Path(":memory:"))


# Other processes


def test_a_commit_waits_for_a_locked_file_and_then_says_so(
    store: SqliteStore, raw: sqlite3.Connection
) -> None:
    store.commit([Create("c", "a", {})])
    raw.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match=r"store.db was locked by others for 0.05 s"):
        store.commit([Create("c", "b", {})])
    assert store.get("c", "b") is None  # readers do not wait
    raw.execute("COMMIT")
    store.commit([Create("c", "b", {})])


def test_opening_waits_for_a_locked_file_and_then_says_so(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailable, match="locked by others"):
            SqliteStore(path, busy_timeout=timedelta(milliseconds=50))


def test_many_processes_may_make_the_file_at_once(
    start_worker: Callable[..., Popen[str]],
) -> None:
    workers = [start_worker("create_all", number, 1) for number in range(6)]
    won = 0
    for worker in workers:
        out, _ = worker.communicate("\n")
        assert 0 == worker.returncode
        won += int(out.split()[-1])
    assert 1 == won


def test_a_full_disk_refuses_the_batch_and_nothing_else(
    start_worker: Callable[..., Popen[str]],
) -> None:
    out, _ = start_worker("outgrow").communicate("\n")
    ready, error, *rest = out.splitlines()
    assert "ready" == ready
    assert "store.db cannot be read or written" in error
    # Batches of two and one document before them: whole, readable, and writable again.
    assert ["1", "True"] == rest


def test_a_forked_process_is_told_to_open_a_store_of_its_own(
    start_worker: Callable[..., Popen[str]],
) -> None:
    out, _ = start_worker("fork").communicate("\n")
    _ready, *refusals, parent = out.splitlines()
    assert 2 == len(refusals)
    for refusal in refusals:
        assert "opened before this process was forked off" in refusal
    assert "True" == parent


# Time


def test_times_rise_though_the_clock_is_set_back(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(SqliteStore(path)) as store:
        first = store.commit([Create("c", "a", {})])
    clock = SimpleNamespace(time_ns=lambda: 1_000_000_000)
    monkeypatch.setattr("functions.runtime.store.sqlite_commits.time", clock)
    with closing(SqliteStore(path)) as store:
        times = [store.commit([Update("c", "a", {"n": number})]) for number in range(3)]
    assert [first + timedelta(microseconds=each) for each in (1, 2, 3)] == times


# Indexes


def plan(store: SqliteStore, statement: tuple[str, list[object]]) -> str:
    with store._file.reader() as connection:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {statement[0]}", statement[1]).fetchall()
    return " / ".join(row[3] for row in rows)


FAILED = Filter("status", "==", "failed")
NEWEST = Order("last_failed_at", descending=True)


STATUS_INDEX = "index of failed_tasks by status, last_failed_at descending"


@pytest.mark.parametrize(
    ("collection", "where", "order_by", "used"),
    [
        ("failed_tasks", [FAILED], [NEWEST], f"{STATUS_INDEX} (<expr>=? AND <expr>>?)"),
        (
            "failed_tasks",
            [FAILED, Filter("last_failed_at", "<=", NOW)],
            [NEWEST],
            f"{STATUS_INDEX} (<expr>=? AND <expr>>? AND <expr><?)",
        ),
        (
            "failed_tasks",
            [],
            [Order("last_failed_at")],  # backwards
            "index of failed_tasks by last_failed_at descending (<expr>>?)",
        ),
        (
            "outbox",
            [Filter("created_at", "<=", NOW)],
            [],
            "index of outbox by created_at (<expr>>? AND <expr><?)",
        ),
        (
            "entity_sources",
            [Filter("entity_id", "==", "e1"), Filter("kind", "==", "venues")],
            [],
            "index of entity_sources by entity_id (<expr>=?)",
        ),
        ("undeclared", [], [], "names (collection=?)"),
    ],
)
def test_an_index_spares_reading_and_sorting(
    store: SqliteStore, collection: str, where: list[Filter], order_by: list[Order], used: str
) -> None:
    query = check_query(collection, where=where, order_by=order_by, limit=10)
    searched = f"SEARCH documents USING INDEX {used}"
    assert searched == plan(store, select_documents(query, INDEXES))
    assert used in plan(store, count_documents(query, INDEXES))


def test_a_page_begins_with_a_search_of_the_index(store: SqliteStore) -> None:
    store.commit([Create("failed_tasks", "a", {"status": "failed", "last_failed_at": NOW})])
    query = check_query(
        "failed_tasks",
        where=[FAILED],
        order_by=[NEWEST],
        limit=10,
        start_after=store.get("failed_tasks", "a"),
    )
    expected = f"SEARCH documents USING INDEX {STATUS_INDEX} (<expr>=? AND <expr>>? AND <expr><?)"
    assert expected == plan(store, select_documents(query, INDEXES))


def test_indexes_follow_the_declaration(path: Path) -> None:
    def names(store: SqliteStore) -> set[str]:
        return store._file._index_names()

    old = Index("c", (Order("n"),))
    new = Index("c", (Order("n"), Order("m", descending=True)))
    with closing(SqliteStore(path, indexes=[old])) as store:
        store.commit([Create("c", each, {"n": 1, "m": each}) for each in "abc"])
        assert {"index of c by n"} == names(store)
    with closing(SqliteStore(path, indexes=[new, new])) as store:
        assert {"index of c by n, m descending"} == names(store)
        found = store.query(
            "c", where=[Filter("n", "==", 1)], order_by=[Order("m", descending=True)]
        )
        assert ["c", "b", "a"] == [each.id for each in found]
    with closing(SqliteStore(path, indexes=())) as store:
        assert set() == names(store)
        assert 3 == store.count("c", where=[Filter("n", "==", 1)])


def test_an_index_that_another_version_removed_is_missed(path: Path) -> None:
    with closing(SqliteStore(path, indexes=[Index("c", (Order("n"),))])) as store:
        SqliteStore(path, indexes=()).close()
        with pytest.raises(StoreUnusable, match=r"no such index.*start this one anew"):
            store.query("c", order_by=[Order("n")])
        store.commit([Create("c", "a", {"n": 1})])


def test_a_collection_with_an_odd_name_may_be_indexed(path: Path) -> None:
    name = "o'dd \" name; --"
    with closing(SqliteStore(path, indexes=[Index(name, (Order("n"),))])) as store:
        store.commit([Create(name, "a", {"n": 1})])
        assert ["a"] == [each.id for each in store.query(name, where=[Filter("n", "==", 1)])]


# Connections


def test_readers_share_connections(store: SqliteStore) -> None:
    for _ in range(50):
        store.get("c", "a")
        store.query("c")
    assert 1 == len(store._file._idle)


def test_a_reader_that_fails_leaves_no_transaction_behind(store: SqliteStore) -> None:
    def fail() -> None:
        with store._file.reader() as connection:
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM documents").fetchall()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    store.commit([Create("c", "a", {})])
    assert 1 == store.count("c")


def test_reading_connections_cannot_write(store: SqliteStore) -> None:
    with (
        pytest.raises(StoreUnavailable, match="readonly"),
        store._file.reader() as connection,
    ):
        connection.execute("DELETE FROM documents")
