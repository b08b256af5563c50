"""A few thousand records and metrics of a pipeline, the same on every run, in a fake store."""

from __future__ import annotations

import contextlib
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from telemetry.emulator import arrow

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

START = datetime(2026, 2, 27, 22, 0, tzinfo=UTC)  # a Friday, near the end of a month
HOURS = 72
HOT = ("stage", "outcome", "attempt")
STAGES = ("sourcing", "doc_processing", "extraction_agents", "entity_resolution", "entity_writers")
FILES = 2
RECORDS = 3000


@dataclass(frozen=True)
class FakeTable:
    """Hold what a query sees of a table."""

    schema: pa.Schema
    generation: int
    folder: Path | None
    batches: tuple[pa.RecordBatch, ...]
    hot_keys: frozenset[str]


@dataclass(frozen=True)
class FakeStore:
    """Give the same snapshot again and again."""

    tables: dict[str, FakeTable]

    def snapshot(self) -> AbstractContextManager[FakeStore]:
        """Return itself."""
        return contextlib.nullcontext(self)


def make_records() -> pa.RecordBatch:
    """Return spans, logs, events and pending spans, with shredded attributes."""
    chance = random.Random(20260227)  # noqa: S311 - made up, not secret
    rows: list[dict[str, Any]] = []
    for number in range(RECORDS):
        rows.append(_record(chance, number, rows))
    schema = arrow.RECORDS.schema
    for key in HOT:
        schema = schema.append(arrow.hot_field(key))
    return pa.RecordBatch.from_pylist(
        sorted(rows, key=lambda row: (row["start_timestamp"], row["span_id"])), schema
    )


def _record(chance: random.Random, number: int, before: list[dict[str, Any]]) -> dict[str, Any]:
    stage = chance.choice(STAGES)
    kind = chance.choices(["span", "log", "span_event", "pending_span"], [70, 20, 5, 5])[0]
    failed = kind == "span" and chance.random() < 0.1
    start = START + timedelta(microseconds=chance.randrange(HOURS * 3_600_000_000))
    took = timedelta(microseconds=int(chance.lognormvariate(12, 2))) if kind == "span" else None
    parent = chance.choice(before) if before and chance.random() < 0.6 else None
    attributes: dict[str, Any] = {
        "stage": stage,
        "outcome": "failed" if failed else "succeeded",
        "attempt": chance.randint(1, 4),
        "item": {"id": number, "tags": ["x", f"y{number % 3}"], "score": number / 7},
        "note": chance.choice(["it's", 'say "hi"', "naïve", "a\\b", ""]),
    }
    if number % 10 == 0:
        attributes["nothing"] = None
    if number % 4 == 0:
        attributes["code"] = str(number) if number % 8 else "n/a"
    level = 17 if failed else chance.choices([5, 9, 13], [10, 80, 10])[0]
    row: dict[str, Any] = {
        "start_timestamp": start,
        "end_timestamp": start + (took or timedelta()),
        "duration": took and took.total_seconds(),
        "trace_id": parent["trace_id"] if parent else f"{number:032x}",
        "span_id": f"{number:016x}",
        "parent_span_id": parent and parent["span_id"],
        "kind": kind,
        "level": level,
        "span_name": f"process {stage}",
        "message": f"process {stage} {number % 50}",
        "is_exception": failed,
        "attributes": orjson.dumps(attributes).decode(),
        "tags": chance.choice([None, [], ["a"], ["a", "b"]]),
        "otel_resource_attributes": '{"service.name":"svc"}',
        "service_name": f"svc-{stage}",
        "deployment_environment": chance.choice([None, "production", "staging"]),
        "http_response_status_code": chance.choice([None, 200, 404, 500]),
        "log_body": chance.choice([None, '{"a":{"b":1}}', "plain words"])
        if kind == "log"
        else None,
    }
    if failed:
        row |= {
            "exception_type": chance.choice(["ValueError", "httpx.TimeoutException"]),
            "exception_message": chance.choice(["boom", ""]),
        }
    for key in HOT:
        row[arrow.HOT_PREFIX + key] = str(attributes[key])
    return row


def make_metrics() -> pa.RecordBatch:
    """Return delta counters, cumulative ones with a restart, gauges and histograms."""
    chance = random.Random(7)  # noqa: S311 - made up, not secret
    rows: list[dict[str, Any]] = []
    for minute in range(120):
        at = START + timedelta(minutes=minute + 1)
        since = START + timedelta(minutes=minute)
        for series, (name, stage) in enumerate(
            (name, stage) for name in ("venues_found", "venues_created") for stage in STAGES
        ):
            rows.append(
                _point(at, since, name, series, stage)
                | {"scalar_value": float(chance.randint(0, 9)), "is_monotonic": True}
            )
        restarted = minute >= 60
        rows.append(
            _point(at, START + timedelta(minutes=60 * restarted), "bytes", 100, STAGES[0])
            | {
                "aggregation_temporality": "cumulative",
                "is_monotonic": True,
                "scalar_value": float((minute - 60 * restarted) * 10),
            }
        )
        rows.append(
            _point(at, None, "load", 101, STAGES[0])
            | {"metric_type": "gauge", "aggregation_temporality": None, "scalar_value": minute / 4}
        )
        counts = [chance.randint(0, 5) for _ in range(6)]
        rows.append(
            _point(at, since, "took", 102, STAGES[0])
            | {
                "metric_type": "exponential_histogram",
                "histogram_count": sum(counts),
                "histogram_sum": float(sum(counts)),
                "exp_histogram_scale": 1,
                "exp_histogram_zero_count": 0,
                "exp_histogram_positive_bucket_counts": counts,
                "exp_histogram_positive_bucket_counts_offset": 0,
            }
        )
    return pa.RecordBatch.from_pylist(rows, arrow.METRICS.schema)


def _point(
    at: datetime, since: datetime | None, name: str, series: int, stage: str
) -> dict[str, Any]:
    return {
        "recorded_timestamp": at,
        "start_timestamp": since,
        "metric_name": name,
        "metric_type": "sum",
        "aggregation_temporality": "delta",
        "attributes": orjson.dumps({"stage": stage}).decode(),
        arrow.SERIES: series,
    }


def make_store(folder: Path) -> FakeStore:
    """Return a store with two files and a tail of each table, and all rows in ``folder/all``."""
    tables = {}
    (folder / "all").mkdir(parents=True)
    for name, rows, hot in (
        ("records_all", make_records(), frozenset(HOT)),
        ("metrics", make_metrics(), frozenset()),
    ):
        pq.write_table(pa.Table.from_batches([rows]), folder / "all" / f"{name}.parquet")
        part = rows.num_rows // (FILES + 1)
        (folder / name).mkdir()
        for number in range(FILES):
            table = pa.Table.from_batches([rows.slice(number * part, part)])
            pq.write_table(table, folder / name / f"{number}.parquet", row_group_size=500)
        tail = rows.slice(FILES * part)
        middle = tail.num_rows // 2
        batches = (tail.slice(0, middle), tail.slice(middle))
        tables[name] = FakeTable(rows.schema, 1, folder / name, batches, hot)
    return FakeStore(tables)
