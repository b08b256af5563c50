"""Plan queries on the engine itself, over empty tables, without running them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from telemetry.emulator import arrow
from telemetry.emulator.engine.messages import LOGFIRE_FUNCTIONS, Context, explain
from telemetry.emulator.engine.session import allow_reading_only, make_context
from telemetry.emulator.engine.views import Views
from telemetry.emulator.engine.wire import Request, TableState
from telemetry.errors import ForbiddenSql, InvalidSql, QueryError
from telemetry.lint.plans import Plan, Refusal, RefusalKind
from telemetry.sql.rewrite import rewrite

if TYPE_CHECKING:
    from telemetry.sql.rewrite import Rewritten

_MEMORY: Final = 64 << 20
_FOLDING: Final = "SET datafusion.optimizer.max_passes = 1"
"""Constants are folded in the first pass, which is where a text shows to be no number."""


_KINDS: Final = (
    ("Syntax error", RefusalKind.SYNTAX),
    ("No table function", RefusalKind.FUNCTION),
    ("No table ", RefusalKind.TABLE),
    ("No column ", RefusalKind.COLUMN),
    ("No function ", RefusalKind.FUNCTION),
)
_GROUPING: Final = "neither grouped nor aggregated"


class Planner:
    """Plan one query after another in this process's session."""

    def __init__(self) -> None:
        self._context = make_context(_MEMORY)
        self._context.sql(_FOLDING)
        self._options = allow_reading_only()
        request = Request(
            sql="",
            unrouted_sql="",
            tables={table.name: TableState(table.schema, 0, None) for table in arrow.STORED_TABLES},
            hot={},
            min_timestamp=None,
            max_timestamp=None,
            limit=1,
            timezone="UTC",
            environments=None,
            explain=False,
        )
        views = Views(self._context)
        views.take_in(request)
        views.make(request)

    def plan(self, sql: str) -> Plan:
        """Return what the engine says of a query, whose variables have values."""
        try:
            rewritten = rewrite(sql)
        except ForbiddenSql as error:
            return Plan(_refusal(error, RefusalKind.SYNTAX))
        except InvalidSql as error:
            return Plan(_refusal(error, RefusalKind.TYPES))
        try:
            frame = self._context.sql_with_options(rewritten.unrouted_sql, self._options)
            frame.optimized_logical_plan()
            return Plan(columns=tuple(frame.schema().names))
        # DataFusion raises ValueError, Exception itself, and where it panics BaseException.
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            return Plan(self._explain(str(error), sql, rewritten))

    def _explain(self, message: str, sql: str, rewritten: Rewritten) -> Refusal:
        context = Context(sql, self.functions, rewritten.find_identifier, rewritten.to_user)
        error = explain(message, context)
        if _GROUPING in error.message:
            return _refusal(error, RefusalKind.GROUPING)
        kinds = (kind for beginning, kind in _KINDS if error.message.startswith(beginning))
        return _refusal(error, next(kinds, RefusalKind.TYPES))

    @cached_property
    def functions(self) -> tuple[str, ...]:
        """The names of all functions: the engine's own and Logfire's."""
        context = self._context
        names = {*context.udfs(), *context.udafs(), *context.udwfs(), *LOGFIRE_FUNCTIONS}
        return tuple(sorted(name for name in names if not name.startswith(arrow.INTERNAL_PREFIX)))


def _refusal(error: QueryError, kind: RefusalKind) -> Refusal:
    return Refusal(kind, error.message, error.hint, error.line, error.column)
