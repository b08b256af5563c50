"""Run a request in this process's session, and answer it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from telemetry.emulator import arrow
from telemetry.emulator.engine.presentation import present
from telemetry.emulator.engine.query import Plans
from telemetry.emulator.engine.session import (
    PUSHDOWN,
    TIME_ZONE,
    Settings,
    allow_reading_only,
    make_context,
)
from telemetry.emulator.engine.views import Views
from telemetry.emulator.engine.wire import TOO_LARGE, Failure, Rows, to_stream

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from datafusion import DataFrame, SessionContext

    from telemetry.emulator.engine.wire import Request

_SCANNED: Final = re.compile(r"projection=\[([^\]]*)\]")
_WIDE: Final = frozenset(
    {
        "attributes",
        "message",
        "exception_stacktrace",
        "otel_events",
        "otel_links",
        "otel_resource_attributes",
        "otel_scope_attributes",
        "log_body",
        "trace_id",
        "span_id",
    }
)
"""Columns that take long to read: where a query asks for them, rows are filtered before they are
read. Where it does not, filtering while reading is slower than after it."""
_NO_FUNCTION: Final = "Invalid function"
_FILES: Final = re.compile(r"\[[^\[\]]*\.parquet[^\[\]]*\]")


_SHARE: Final = 8
"""Which part of a query's memory its answer may take."""


class AnswerTooLarge(Exception):  # noqa: N818 - named for the state it reports
    """Say that an answer takes too much memory."""


class Reader:
    """Answer requests, one at a time.

    Args:
        memory: The most bytes the operators of a query hold.
        settings: Of DataFusion, in the place of those that suit a store.
    """

    def __init__(self, memory: int, settings: Mapping[str, str] | None = None) -> None:
        self._context = make_context(memory, settings)
        self._settings = Settings(self._context)
        self._views = Views(self._context)
        self._options = allow_reading_only()
        self._largest = memory // _SHARE

    def answer(self, request: Request) -> Rows | Failure:
        """Return the rows of a request, or why there are none."""
        self._views.take_in(request)
        try:
            return self._run(request)
        # DataFusion raises ValueError, Exception itself, and where it panics BaseException.
        # Whatever is wrong with this query, the next one runs.
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            message = str(error)
            return Failure(message, self._functions() if _NO_FUNCTION in message else ())

    def _run(self, request: Request) -> Rows:
        self._settings.set(TIME_ZONE, request.timezone)
        self._views.make(request)
        sql = self._choose(request)
        frame = self._plan(sql, request)
        schema = frame.schema()
        stream = to_stream(*present(schema, self._collect(frame)))
        return Rows(stream, self._explain(frame, sql) if request.explain else None)

    def _collect(self, frame: DataFrame) -> list[pa.RecordBatch]:
        """Return the rows, of which the server holds a copy or two, whatever the operators hold.

        Raises:
            AnswerTooLarge: They take too much.
        """
        batches, held = [], 0
        for each in frame.execute_stream():
            batch = each.to_pyarrow()
            held += batch.nbytes
            if held > self._largest:
                raise AnswerTooLarge(f"{TOO_LARGE} {self._largest >> 20} MiB")
            batches.append(batch)
        return batches

    def _choose(self, request: Request) -> str:
        """Return the text that can be planned, the one that reads shredded attributes first."""
        if request.sql != request.unrouted_sql:
            try:
                self._context.sql_with_options(request.sql, self._options)
            # What is wrong with it, if not the routing, shows in the other text too.
            except Exception:  # noqa: BLE001 - DataFusion raises Exception itself
                return request.unrouted_sql
        return request.sql

    def _plan(self, sql: str, request: Request) -> DataFrame:
        for filters_first in ("false", "true"):
            self._settings.set(PUSHDOWN, filters_first)
            frame = self._context.sql_with_options(sql, self._options).limit(request.limit)
            has_files = any(table.folder is not None for table in request.tables.values())
            if not (has_files and _reads_wide_columns(frame)):
                break
        return frame

    def _explain(self, frame: DataFrame, sql: str) -> Plans:
        analyzed = self._context.sql(f"EXPLAIN ANALYZE {sql}").collect()
        metrics = "\n".join(text for batch in analyzed for text in batch["plan"].to_pylist())
        return Plans(
            logical=_without_files(frame.optimized_logical_plan().display_indent()),
            physical=_without_files(frame.execution_plan().display_indent()),
            physical_with_metrics=_without_files(metrics),
        )

    def _functions(self) -> tuple[str, ...]:
        context: SessionContext = self._context
        names = {*context.udfs(), *context.udafs(), *context.udwfs()}
        return tuple(sorted(name for name in names if not name.startswith(arrow.INTERNAL_PREFIX)))


def _reads_wide_columns(frame: DataFrame) -> bool:
    plan = frame.optimized_logical_plan().display_indent()
    scanned = (columns.split(", ") for columns in _SCANNED.findall(plan))
    return any(not _WIDE.isdisjoint(columns) for columns in scanned)


def _without_files(plan: str) -> str:
    """Leave out where the store keeps its files."""
    return _FILES.sub("[…]", plan)
