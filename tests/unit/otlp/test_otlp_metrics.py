from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
    Summary,
    SummaryDataPoint,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from telemetry.emulator.arrow import METRICS, SERIES
from telemetry.emulator.otlp import DecodedBatch, decode_metrics
from telemetry.emulator.otlp.series import SeriesOfMetric
from telemetry.emulator.otlp.sources import Source
from telemetry.errors import InvalidPayload

DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE


def attributes_of(**values: str) -> list[KeyValue]:
    return [KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in values.items()]


def decode(*metrics: Metric, resource: dict[str, str] | None = None) -> DecodedBatch:
    group = ResourceMetrics(
        resource=Resource(attributes=attributes_of(**resource or {})),
        scope_metrics=[ScopeMetrics(scope=InstrumentationScope(name="logfire"), metrics=metrics)],
    )
    batch = decode_metrics(
        ExportMetricsServiceRequest(resource_metrics=[group]).SerializeToString()
    )
    batch.rows.validate(full=True)
    assert METRICS.schema == batch.rows.schema
    return batch


def filled(batch: DecodedBatch) -> list[dict[str, Any]]:
    """Return the rows without what is the same in all, or empty."""
    left_out = {SERIES, "attributes", "recorded_timestamp", "otel_scope_name", "metric_name"}
    left_out |= {"otel_scope_attributes", "otel_resource_attributes"}
    return [
        {name: value for name, value in row.items() if value is not None and name not in left_out}
        for row in batch.rows.to_pylist()
    ]


def test_a_gauge() -> None:
    point = NumberDataPoint(as_int=3, time_unix_nano=1_500, attributes=attributes_of(k="v"))
    batch = decode(
        Metric(name="g", unit="1", description="d", gauge=Gauge(data_points=[point])),
        resource={"service.name": "s"},
    )
    expected = {
        "metric_type": "gauge",
        "unit": "1",
        "metric_description": "d",
        "scalar_value": 3.0,
        "service_name": "s",
    }
    assert [expected] == filled(batch)
    assert [{"k": "v"}] == batch.attributes
    [row] = batch.rows.to_pylist()
    assert ("g", "logfire", '{"k":"v"}') == (
        row["metric_name"],
        row["otel_scope_name"],
        row["attributes"],
    )
    assert 1 == row["recorded_timestamp"].microsecond


@pytest.mark.parametrize(
    ("temporality", "name"), [(DELTA, "delta"), (CUMULATIVE, "cumulative"), (0, None)]
)
@pytest.mark.parametrize("monotonic", [True, False])
def test_a_sum(temporality: Any, name: str | None, monotonic: bool) -> None:  # noqa: FBT001 - a case
    point = NumberDataPoint(as_double=1.5, start_time_unix_nano=1_000_000)
    data = Sum(data_points=[point], aggregation_temporality=temporality, is_monotonic=monotonic)
    [row] = decode(Metric(name="s", sum=data)).rows.to_pylist()
    expected = ("sum", 1.5, name, monotonic)
    columns = ("metric_type", "scalar_value", "aggregation_temporality", "is_monotonic")
    assert expected == tuple(row[column] for column in columns)
    assert 1_000 == row["start_timestamp"].microsecond


def test_an_explicit_histogram() -> None:
    point = HistogramDataPoint(
        count=3, sum=6, min=1, max=3, bucket_counts=[1, 2], explicit_bounds=[1.5]
    )
    data = Histogram(data_points=[point], aggregation_temporality=DELTA)
    expected = {
        "metric_type": "histogram",
        "aggregation_temporality": "delta",
        "histogram_count": 3,
        "histogram_sum": 6.0,
        "histogram_min": 1.0,
        "histogram_max": 3.0,
        "histogram_bucket_counts": [1, 2],
        "histogram_explicit_bounds": [1.5],
    }
    assert [expected] == filled(decode(Metric(name="h", histogram=data)))


def test_an_exponential_histogram() -> None:
    buckets = ExponentialHistogramDataPoint.Buckets
    point = ExponentialHistogramDataPoint(
        count=7,
        sum=-1,
        scale=-2,
        zero_count=2,
        zero_threshold=0.5,
        positive=buckets(offset=-3, bucket_counts=[1, 0, 4]),
    )
    data = ExponentialHistogram(data_points=[point], aggregation_temporality=CUMULATIVE)
    expected = {
        "metric_type": "exponential_histogram",
        "aggregation_temporality": "cumulative",
        "histogram_count": 7,
        "histogram_sum": -1.0,
        "exp_histogram_scale": -2,
        "exp_histogram_zero_count": 2,
        "exp_histogram_zero_threshold": 0.5,
        "exp_histogram_positive_bucket_counts": [1, 0, 4],
        "exp_histogram_positive_bucket_counts_offset": -3,
        "exp_histogram_negative_bucket_counts": [],
        "exp_histogram_negative_bucket_counts_offset": 0,
    }
    assert [expected] == filled(decode(Metric(name="e", exponential_histogram=data)))


def test_counts_that_the_columns_cannot_hold_are_null() -> None:
    point = HistogramDataPoint(count=2**63, bucket_counts=[2**64 - 1, 1], explicit_bounds=[1])
    [row] = decode(Metric(name="h", histogram=Histogram(data_points=[point]))).rows.to_pylist()
    assert (None, None) == (row["histogram_count"], row["histogram_bucket_counts"])
    assert [1.0] == row["histogram_explicit_bounds"]


def test_a_number_that_is_none_stays_one() -> None:
    points = [NumberDataPoint(as_double=value) for value in (math.nan, math.inf)]
    values = decode(Metric(name="g", gauge=Gauge(data_points=points))).rows["scalar_value"]
    nan, infinity = values.to_pylist()
    assert math.isnan(nan)
    assert math.inf == infinity


def test_points_that_recorded_nothing_are_left_out() -> None:
    points = [
        NumberDataPoint(),
        NumberDataPoint(as_int=1, flags=1),
        NumberDataPoint(as_int=2),
    ]
    empty = Metric(name="without data")
    batch = decode(Metric(name="g", gauge=Gauge(data_points=points)), empty)
    assert ([2.0], 0) == (batch.rows["scalar_value"].to_pylist(), batch.rejected)


def test_what_cannot_be_stored_is_rejected_with_its_reason() -> None:
    summary = Metric(name="y", summary=Summary(data_points=[SummaryDataPoint()] * 2))
    misshapen = Metric(
        name="h", histogram=Histogram(data_points=[HistogramDataPoint(bucket_counts=[1])] * 1)
    )
    shapeless = Metric(name="h", histogram=Histogram(data_points=[HistogramDataPoint(count=1)]))
    broken = Metric(
        name="h",
        histogram=Histogram(
            data_points=[HistogramDataPoint(bucket_counts=[1], explicit_bounds=[1, 2])]
        ),
    )
    batch = decode(summary, misshapen, shapeless, broken)
    assert (2, 3) == (batch.rows.num_rows, batch.rejected)
    assert "2 points of summaries" in batch.reason
    assert "1 points of histograms" in batch.reason
    with pytest.raises(InvalidPayload, match="histogram instead"):
        decode(summary)


def gauge(name: str = "g", **attributes: str) -> Metric:
    point = NumberDataPoint(as_int=1, attributes=attributes_of(**attributes))
    return Metric(name=name, gauge=Gauge(data_points=[point]))


def test_a_series_is_the_same_whatever_its_points_say() -> None:
    later = gauge(a="1", b="2")
    later.gauge.data_points[0].as_int = 5
    later.gauge.data_points[0].time_unix_nano = 9
    series = decode(gauge(a="1", b="2"), gauge(b="2", a="1"), later).rows[SERIES].to_pylist()
    assert 1 == len(set(series))


def test_series_differ_by_name_type_scope_resource_and_attributes() -> None:
    sums = Metric(name="g", sum=Sum(data_points=[NumberDataPoint(as_int=1)]))
    here = decode(gauge(), gauge("h"), gauge(a="1"), gauge(a="2"), sums).rows[SERIES].to_pylist()
    there = decode(gauge(), resource={"service.instance.id": "2"}).rows[SERIES].to_pylist()
    assert 6 == len({*here, *there})


def test_series_are_the_same_in_every_process() -> None:
    source = Source({"service.name": "s"}, b'{"service.name":"s"}', "scope", "1", b"{}")
    here = SeriesOfMetric("m", "sum", source).number({"a": 1})
    program = (
        "from telemetry.emulator.otlp.series import SeriesOfMetric\n"
        "from telemetry.emulator.otlp.sources import Source\n"
        'source = Source({"service.name": "s"}, b"", "scope", "1", b"{}")\n'
        'print(SeriesOfMetric("m", "sum", source).number({"a": 1}))'
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert here == int(answer.stdout)
    assert -(2**63) <= here < 2**63
