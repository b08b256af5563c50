"""Every error the toolkit raises on purpose.

The tree::

    TelemetryError
    ├── InvalidHandler          (TypeError) @instrumented_stage cannot measure this
    ├── InvalidDeclaration      (ValueError) a stage, metric or entity that cannot be declared
    ├── Misuse                  raised only where strict: in tests
    │   ├── UndeclaredMetric    (LookupError) a metric the catalogue does not know
    │   ├── UndeclaredAttribute (LookupError) an attribute its metric does not declare
    │   ├── InvalidMeasurement  (ValueError) a value its metric cannot take
    │   └── InvalidOutcome      (ValueError) a run cannot end like this
    ├── InvalidId               (ValueError) a text that cannot be the id of an item or a trace
    ├── NotCaptured             (AssertionError) a test looked for telemetry that is not there
    ├── InvalidDefinitions      (ValueError) dashboards or alerts that cannot be read
    ├── ServerNotStarted        a child process that serves did not come up
    ├── EmulatorError           the Logfire emulator cannot do what it is for
    │   ├── PortUnusable        its port is in use, or reserved
    │   ├── InvalidPayload      (ValueError) a body that is no OTLP message it can store
    │   ├── StoreUnusable       its folder is in use, foreign, damaged or of another version
    │   └── StoreUnavailable    the disk is full or fails, or the store is closed: try again
    ├── SyncError               definitions and Logfire could not be brought together
    │   ├── ServiceUnreachable  it does not answer, or not sensibly, however often it is asked
    │   ├── RequestRefused      it answers no: a wrong key, no right, a body it does not take
    │   ├── ResourceUnsupported its release is too old for a kind of object
    │   ├── InvalidTarget       (ValueError) definitions that cannot be written as they are
    │   ├── InvalidPlan         (ValueError) a file that is no plan, or one for another project
    │   └── StalePlan           what a plan would change has been changed since it was made
    └── QueryError              there are no rows; says where in the SQL, and what to do
        ├── InvalidQuery        (ValueError) unknown names, wrong types
        │   └── InvalidSql      it cannot be understood
        │       └── ForbiddenSql    it would do more than read the tables
        ├── InvalidMetric       (ValueError) points that a metric function cannot put together
        ├── QueryFailed         it began to run and met a value it cannot deal with
        ├── QueryTimedOut       (TimeoutError) it took longer than queries may
        └── QueryOutOfMemory    it took more memory than queries may

The first two are raised when a module is imported, so a program that starts has none of them.
``Misuse`` is raised in strict mode only; elsewhere the same mistake is logged once and telemetry
goes on without the value, because a wrong count must never break a handler.
"""

from __future__ import annotations


class TelemetryError(Exception):
    """Stand at the root of every error the toolkit raises on purpose."""


class InvalidHandler(TelemetryError, TypeError):
    """Refuse a handler whose work ``@instrumented_stage`` could not measure."""


class InvalidDeclaration(TelemetryError, ValueError):
    """Refuse a stage, metric or entity that cannot be declared as it is."""


class Misuse(TelemetryError):
    """Stand above the mistakes that fail a test and never a handler in production."""


class UndeclaredMetric(Misuse, LookupError):
    """Say that the catalogue has no such metric, or that it is of another kind."""


class UndeclaredAttribute(Misuse, LookupError):
    """Say that a metric was given an attribute it does not declare."""


class InvalidMeasurement(Misuse, ValueError):
    """Say that a metric was given a value that is no finite number, or a counter a negative one."""


class InvalidOutcome(Misuse, ValueError):
    """Say that a run was given an outcome there is not."""


class InvalidId(TelemetryError, ValueError):
    """Say that a text cannot be the id of an item or a trace."""


class NotCaptured(TelemetryError, AssertionError):
    """Say that a test looked for telemetry that was not captured, and list what was."""


class InvalidDefinitions(TelemetryError, ValueError):
    """Say what is wrong with definitions, one problem a line, each with its place."""


class ServerNotStarted(TelemetryError):
    """Say that a child process which should serve ended, or kept silent, instead."""


class EmulatorError(TelemetryError):
    """Stand above the reasons why the Logfire emulator cannot do what it is for."""


class PortUnusable(EmulatorError):
    """Say that the emulator cannot listen on its port."""


class InvalidPayload(EmulatorError, ValueError):
    """Refuse a body that is no OTLP message, or of which nothing can be stored."""


class StoreUnusable(EmulatorError):
    """Refuse a folder that telemetry cannot be kept in: in use, foreign, of another version."""


class StoreUnavailable(EmulatorError):
    """Say that the store could not take or give something now: the disk is full, it is closed."""


class SyncError(TelemetryError):
    """Stand above the reasons why definitions and Logfire could not be brought together."""


class ServiceUnreachable(SyncError):
    """Say that a service did not answer, or not sensibly, however often it was asked."""


class RequestRefused(SyncError):
    """Say that a service answered no.

    Args:
        message: What was asked, and what it said.
        status: The HTTP status of its answer.
        release: Its release, where it told.
    """

    def __init__(self, message: str, *, status: int, release: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.release = release


class ResourceUnsupported(SyncError):
    """Say that a service's release does not know a kind of object."""


class InvalidTarget(SyncError, ValueError):
    """Refuse definitions that cannot be written as they are, with every reason, one a line."""


class InvalidPlan(SyncError, ValueError):
    """Refuse a file that is no plan, or one that was made for another project."""


class StalePlan(SyncError):
    """Say that what a plan would change has been changed since it was made."""


class QueryError(TelemetryError):
    """Say why a query has no rows, where in its text the cause is, and what to do.

    Args:
        message: What is wrong.
        line: Of the query's text, from 1; None where no place is to blame.
        column: Of that line, in characters from 1.
        hint: What to do next; "" where the message says it.
    """

    def __init__(
        self, message: str, *, line: int | None = None, column: int | None = None, hint: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.hint = hint

    def __str__(self) -> str:
        """Return all of it in one line."""
        where = "" if self.line is None else f" at line {self.line}, column {self.column}"
        return f"{self.message}{where}{self.hint and f'. {self.hint}'}"


class InvalidQuery(QueryError, ValueError):
    """Refuse a query that cannot be run as it is written."""


class InvalidSql(InvalidQuery):
    """Refuse SQL that cannot be understood: bad syntax, unknown levels, unknown variables."""


class ForbiddenSql(InvalidSql):
    """Refuse SQL that would do more than read the tables."""


class InvalidMetric(QueryError, ValueError):
    """Refuse to put points of metrics together that do not fit together."""


class QueryFailed(QueryError):
    """Say that a query met a value it cannot deal with."""


class QueryTimedOut(QueryError, TimeoutError):
    """Say that a query took longer than it may, its wait for a turn included."""


class QueryOutOfMemory(QueryError):
    """Say that a query took more memory than it may, and was stopped."""
