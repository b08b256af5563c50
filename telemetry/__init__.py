"""The observability toolkit: stages with spans and metrics, and trace context through queues.

Importing it costs less than importing Logfire, which is loaded by ``configure``.
"""

from __future__ import annotations

from telemetry.configuration import configure
from telemetry.errors import (
    InvalidDeclaration,
    InvalidHandler,
    InvalidMeasurement,
    InvalidOutcome,
    Misuse,
    NotCaptured,
    TelemetryError,
    UndeclaredAttribute,
    UndeclaredMetric,
)
from telemetry.flushing import flush
from telemetry.instruments import count, record
from telemetry.message import Delivery, delivery
from telemetry.metrics import (
    CATALOGUE,
    Catalogue,
    Kind,
    Metric,
    declare_counter,
    declare_entity,
    declare_gauge,
    declare_histogram,
)
from telemetry.propagation import continued, extract, inject, message_context, producer_span
from telemetry.run import Outcome, StageRun, current_run
from telemetry.stage import InstrumentedStage, StageSpec, instrumented_stage

__all__ = [
    "CATALOGUE",
    "Catalogue",
    "Delivery",
    "InstrumentedStage",
    "InvalidDeclaration",
    "InvalidHandler",
    "InvalidMeasurement",
    "InvalidOutcome",
    "Kind",
    "Metric",
    "Misuse",
    "NotCaptured",
    "Outcome",
    "StageRun",
    "StageSpec",
    "TelemetryError",
    "UndeclaredAttribute",
    "UndeclaredMetric",
    "configure",
    "continued",
    "count",
    "current_run",
    "declare_counter",
    "declare_entity",
    "declare_gauge",
    "declare_histogram",
    "delivery",
    "extract",
    "flush",
    "inject",
    "instrumented_stage",
    "message_context",
    "producer_span",
    "record",
]
