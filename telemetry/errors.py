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
    ├── NotCaptured             (AssertionError) a test looked for telemetry that is not there
    └── ServerNotStarted        a child process that serves did not come up

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


class NotCaptured(TelemetryError, AssertionError):
    """Say that a test looked for telemetry that was not captured, and list what was."""


class ServerNotStarted(TelemetryError):
    """Say that a child process which should serve ended, or kept silent, instead."""
