"""Synchronise data stores: bring written entities into a SQL database."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine, delete, event, insert, inspect, update
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError

from functions.errors import PermanentError, RetryableError
from functions.runtime.handlers import stage_handler
from functions.stages.collections import SYNCED, hash_id
from functions.stages.sync_data_stores.tables import LINE_UP, METADATA, TABLES

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table

    from functions.runtime.store import Document
    from functions.runtime.work import UnitOfWork
    from functions.stages.payloads import SyncEntities

__all__ = ["open_database", "sync_entities"]

_NO_DATABASE: Final = "MYSTAGE_SQL_URL (--sql) names no database that can be used"

_opening: Final = Lock()


@stage_handler("sync_data_stores")
def sync_entities(payload: SyncEntities, work: UnitOfWork) -> None:
    """Write the entities as they are now to their tables; an older version never wins.

    Raises:
        PermanentError: An entity is gone.
        RetryableError: The database is out of reach or busy.
    """
    entities = work.get_all([(ref.kind, ref.id) for ref in payload.entities])
    for ref, entity in zip(payload.entities, entities, strict=True):
        if entity is None:
            raise PermanentError(f"no {ref.kind} {ref.id!r}: was it deleted?")
    engine = open_database(work.settings.database_url)
    try:
        with engine.begin() as connection:
            # In one order for all tasks, so that no two wait for each other's rows.
            for entity in sorted(filter(None, entities), key=lambda each: each.id):
                _write(connection, entity)
    except DBAPIError as error:
        raise RetryableError(f"{engine.url.render_as_string()}: {error.orig}") from error
    store = hash_id(work.settings.database_url)
    for entity in filter(None, entities):
        work.put(SYNCED, entity.id, {"version": entity.data["version"], "store": store})


def open_database(url: str) -> Engine:
    """Connect to a database and make the tables that are missing; once per process.

    Raises:
        PermanentError: The URL names no database, or one whose driver is not installed.
        RetryableError: It is out of reach.
    """
    with _opening:
        return _open(url)


@cache
def _open(url: str) -> Engine:
    try:
        engine = create_engine(url, pool_pre_ping=True)
    except (ArgumentError, ModuleNotFoundError) as error:
        raise PermanentError(f"{_NO_DATABASE}: {error}") from None
    except ValueError:
        # Its message may repeat the URL, password and all.
        raise PermanentError(f"{_NO_DATABASE}: the URL is malformed") from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _let_readers_read)
    try:
        for table in METADATA.sorted_tables:
            _create_missing(table, engine)
    except DBAPIError as error:
        raise RetryableError(f"{engine.url.render_as_string()}: {error.orig}") from error
    return engine


def _create_missing(table: Table, engine: Engine) -> None:
    try:
        table.create(engine, checkfirst=True)
    except DBAPIError:
        # Another worker may have made it between the look and the making.
        if not inspect(engine).has_table(table.name):
            raise


def _let_readers_read(connection: Any, _record: object) -> None:
    with closing(connection.cursor()) as cursor:
        cursor.execute("PRAGMA busy_timeout = 20000")
        # Refused while another connection does the same; the file keeps what that one sets.
        with suppress(sqlite3.OperationalError):
            cursor.execute("PRAGMA journal_mode = WAL")


def _write(connection: Connection, entity: Document) -> None:
    table = TABLES[entity.collection]
    row = {column.name: entity.data.get(column.name) for column in table.columns}
    row["id"] = entity.id
    older = update(table).where(table.c.id == entity.id, table.c.version < row["version"])
    if connection.execute(older.values(row)).rowcount == 0:
        try:
            with connection.begin_nested():
                connection.execute(insert(table).values(row))
        except IntegrityError:
            # The row is there, or came meanwhile: as new as this one, newer, or older after all.
            if connection.execute(older.values(row)).rowcount == 0:
                return
    if entity.collection == "performances":
        connection.execute(delete(LINE_UP).where(LINE_UP.c.performance_id == entity.id))
        if artist_ids := entity.data.get("artist_ids"):
            rows = [
                {"performance_id": entity.id, "position": position, "artist_id": artist_id}
                for position, artist_id in enumerate(artist_ids)
            ]
            connection.execute(insert(LINE_UP), rows)
