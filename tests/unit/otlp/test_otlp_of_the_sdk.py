"""What the real SDK sends."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import logfire
import pytest
from logfire.testing import TestExporter
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import Counter, UpDownCounter
from opentelemetry.sdk.metrics import Histogram as HistogramInstrument
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from telemetry.emulator.otlp import decode_logs, decode_metrics, decode_traces

if TYPE_CHECKING:
    from telemetry.emulator.otlp import DecodedBatch


class Sent:
    """Keep what a Logfire instance of its own sends."""

    def __init__(self) -> None:
        self.spans = InMemorySpanExporter()
        self.all = TestExporter()
        self.logs = InMemoryLogRecordExporter()
        self.metrics = InMemoryMetricReader(
            preferred_temporality={
                Counter: AggregationTemporality.DELTA,
                HistogramInstrument: AggregationTemporality.DELTA,
                UpDownCounter: AggregationTemporality.CUMULATIVE,
            }
        )
        self.logfire = logfire.configure(
            local=True,
            send_to_logfire=False,
            console=False,
            inspect_arguments=False,
            service_name="extraction",
            service_version="1.2",
            environment="test",
            additional_span_processors=[
                SimpleSpanProcessor(self.spans),
                SimpleSpanProcessor(self.all),
            ],
            metrics=logfire.MetricsOptions(additional_readers=[self.metrics]),
            advanced=logfire.AdvancedOptions(
                log_record_processors=[SimpleLogRecordProcessor(self.logs)]
            ),
        )

    def records(self) -> list[dict[str, Any]]:
        return rows_of(
            decode_traces(encode_spans(self.spans.get_finished_spans()).SerializeToString())
        )


def rows_of(batch: DecodedBatch) -> list[dict[str, Any]]:
    batch.rows.validate(full=True)
    rows: list[dict[str, Any]] = batch.rows.to_pylist()
    assert [json.loads(row["attributes"]) for row in rows] == batch.attributes
    return rows


@pytest.fixture
def sent() -> Sent:
    return Sent()


class Colour(Enum):
    RED = "red"


@dataclass
class Venue:
    name: str
    opened: dt.date


@pytest.mark.filterwarnings("ignore:Integer value")  # the SDK says that it sends it as text
def test_a_span_with_arguments_of_all_kinds(sent: Sent) -> None:
    with sent.logfire.span(
        "process {stage}",
        _tags=["one"],
        stage="extraction",
        venues=[Venue("Dome", dt.date(2026, 1, 31))],
        day=dt.date(2026, 1, 31),
        colour=Colour.RED,
        nothing=None,
        number=2**70,
        ratio=0.5,
        error=ValueError("oops"),
        text="[1, 2]",
        pair=("a", {"b": {"c": [1]}}),
    ):
        pass
    [row] = sent.records()
    attributes = json.loads(row["attributes"])
    expected = {
        "stage": "extraction",
        "venues": [{"name": "Dome", "opened": "2026-01-31"}],
        "day": "2026-01-31",
        "colour": "red",
        "nothing": None,
        "number": str(2**70),
        "ratio": 0.5,
        "error": "oops",
        "text": "[1, 2]",
        "pair": ["a", {"b": {"c": [1]}}],
        "logfire.msg_template": "process {stage}",
        "logfire.span_type": "span",
    }
    assert expected == {key: attributes[key] for key in expected}
    dropped = {"logfire.msg", "logfire.tags", "logfire.json_schema", "logfire.level_num"}
    assert not dropped & set(attributes)
    assert ("process {stage}", "process extraction", ["one"]) == (
        row["span_name"],
        row["message"],
        row["tags"],
    )
    assert ("extraction", "1.2", "test", "logfire", "python") == (
        row["service_name"],
        row["service_version"],
        row["deployment_environment"],
        row["otel_scope_name"],
        row["telemetry_sdk_language"],
    )
    assert isinstance(row["process_pid"], int)


def test_a_tree_of_spans_and_logs(sent: Sent) -> None:
    with sent.logfire.span("outer"), sent.logfire.span("inner"):
        sent.logfire.warning("beware")
    log, inner, outer = sent.records()
    assert ("log", None, 13, "beware") == (
        log["kind"],
        log["duration"],
        log["level"],
        log["message"],
    )
    assert [inner["span_id"], outer["span_id"], None] == [
        row["parent_span_id"] for row in (log, inner, outer)
    ]
    assert 1 == len({row["trace_id"] for row in (log, inner, outer)})
    for row in (inner, outer):
        assert (row["end_timestamp"] - row["start_timestamp"]).total_seconds() == row["duration"]


def test_a_pending_span_keeps_its_own_id_below_the_real_one(sent: Sent) -> None:
    with sent.logfire.span("outer"), sent.logfire.span("inner"):
        pass
    rows = rows_of(decode_traces(encode_spans(sent.all.exported_spans).SerializeToString()))
    real = {row["span_name"]: row for row in rows if row["kind"] == "span"}
    pending = {row["span_name"]: row for row in rows if row["kind"] == "pending_span"}
    assert {"outer", "inner"} == set(real) == set(pending)
    for name, row in pending.items():
        assert (real[name]["span_id"], 0.0) == (row["parent_span_id"], row["duration"])
        assert real[name]["span_id"] != row["span_id"]
    true_parent = json.loads(pending["inner"]["attributes"])["logfire.pending_parent_id"]
    assert real["outer"]["span_id"] == true_parent == real["inner"]["parent_span_id"]


def test_a_span_that_raises(sent: Sent) -> None:
    with pytest.raises(ValueError, match="oops"), sent.logfire.span("process"):
        raise ValueError("oops")
    [row] = sent.records()
    expected = {
        "is_exception": True,
        "exception_type": "ValueError",
        "exception_message": "oops",
        "level": 17,
        "otel_status_code": "ERROR",
        "otel_status_message": "ValueError: oops",
    }
    assert expected == {name: row[name] for name in expected}
    assert "Traceback" in row["exception_stacktrace"]
    [event] = json.loads(row["otel_events"])
    assert "exception" == event["event_name"]


def test_a_log_of_opentelemetry_within_a_span(sent: Sent) -> None:
    logger = sent.logfire.config.get_logger_provider().get_logger("scope")
    with sent.logfire.span("outer"):
        logger.emit(
            LogRecord(
                body={"free": [1, None]},
                severity_number=SeverityNumber.ERROR,
                event_name="disk.usage",
                attributes={"path": "/"},
            )
        )
    [row] = rows_of(decode_logs(encode_logs(sent.logs.get_finished_logs()).SerializeToString()))
    [outer] = sent.records()
    expected = {
        "kind": "log",
        "level": 17,
        "span_name": "disk.usage",
        "log_body": '{"free":[1,null]}',
        "attributes": '{"path":"/"}',
        "otel_scope_name": "scope",
        "service_name": "extraction",
        "trace_id": outer["trace_id"],
        "parent_span_id": outer["span_id"],
    }
    assert expected == {name: row[name] for name in expected}


def test_metrics(sent: Sent) -> None:
    sent.logfire.metric_counter("venues_created", unit="{venue}").add(2, {"stage": "x"})
    sent.logfire.metric_up_down_counter("open").add(-1)
    sent.logfire.metric_gauge("load").set(0.25)
    sent.logfire.metric_histogram("duration", unit="ms").record(12.5)
    data = sent.metrics.get_metrics_data()
    assert data is not None
    batch = decode_metrics(encode_metrics(data).SerializeToString())
    rows = {row["metric_name"]: row for row in rows_of(batch)}
    facts = ("metric_type", "aggregation_temporality", "is_monotonic", "scalar_value")
    assert {
        "venues_created": ("sum", "delta", True, 2.0),
        "open": ("sum", "cumulative", False, -1.0),
        "load": ("gauge", None, None, 0.25),
        "duration": ("exponential_histogram", "delta", None, None),
    } == {
        name: tuple(row[fact] for fact in facts)
        for name, row in rows.items()
        if name in {"venues_created", "open", "load", "duration"}
    }
    histogram = rows["duration"]
    assert (1, 12.5, 12.5) == tuple(
        histogram[f"histogram_{name}"] for name in ("count", "sum", "max")
    )
    assert 1 == sum(histogram["exp_histogram_positive_bucket_counts"])
    assert ("{venue}", '{"stage":"x"}') == (
        rows["venues_created"]["unit"],
        rows["venues_created"]["attributes"],
    )
