from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from telemetry.alerting.rows import trace_ids
from telemetry.alerting.timeline import LogEntry, MetricEntry, SpanEntry
from telemetry.metrics import Kind, Metric

if TYPE_CHECKING:
    from conftest import Ask


def span(**keys: Any) -> SpanEntry:
    return SpanEntry.model_validate({"at": "-1m", "span": "work", **keys})


def log(**keys: Any) -> LogEntry:
    return LogEntry.model_validate({"at": "-1m", "log": "hello", **keys})


def point(**keys: Any) -> MetricEntry:
    return MetricEntry.model_validate({"at": "-1m", "metric": "m", **keys})


GAUGE = Metric(
    name="m", kind=Kind.GAUGE, unit="1", description="A reading.", attributes=frozenset()
)


def test_a_span_is_as_it_says(ask: Ask) -> None:
    (row,) = ask(
        "SELECT span_name, service_name, deployment_environment, duration, message, kind,"
        " attributes->>'stage' AS stage, (attributes->>'n')::int AS n, otel_scope_name AS scope,"
        " start_timestamp, end_timestamp FROM records",
        span(
            service_name="admin",
            environment="production",
            duration=2.5,
            message="it works",
            scope="lib",
            attributes={"stage": "sourcing", "n": 3},
        ),
    )

    assert {
        "span_name": "work",
        "service_name": "admin",
        "deployment_environment": "production",
        "duration": 2.5,
        "message": "it works",
        "kind": "span",
        "stage": "sourcing",
        "n": 3,
        "scope": "lib",
        "start_timestamp": "2026-01-05T11:59:00.000000Z",
        "end_timestamp": "2026-01-05T11:59:02.500000Z",
    } == row


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, ("info", False, None)),
        ({"level": "warn"}, ("warn", False, None)),
        ({"level": "error"}, ("error", True, None)),
        ({"level": "fatal"}, ("fatal", True, None)),
        ({"status": "error"}, ("error", True, None)),
        ({"level": "error", "status": "ok"}, ("error", False, None)),
        ({"exception": "builtins.OSError"}, ("error", True, "builtins.OSError")),
    ],
)
def test_level_status_and_exception_are_derived_as_for_real(
    ask: Ask, keys: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    (row,) = ask(
        "SELECT level_name(level) AS level, coalesce(otel_status_code = 'ERROR', false) AS failed,"
        " exception_type FROM records",
        span(**keys),
    )

    assert expected == tuple(row.values())


def test_spans_and_logs_of_one_name_are_of_one_trace(ask: Ask) -> None:
    given = span(trace="one"), span(trace="one"), log(trace="one"), span(trace="two")
    rows = ask("SELECT trace_id, count(*) AS n FROM records GROUP BY 1", *given)
    ids = trace_ids(given)

    assert {ids["one"]: 3, ids["two"]: 1} == {row["trace_id"]: row["n"] for row in rows}


def test_without_a_name_each_is_of_a_trace_of_its_own(ask: Ask) -> None:
    (row,) = ask(
        "SELECT count(DISTINCT trace_id) AS traces, count(DISTINCT span_id) AS spans FROM records",
        span(every="1s", times=3),
        span(),
        log(every="1s", times=2),
    )

    assert {"traces": 6, "spans": 6} == row


def test_a_log_has_its_message_and_level(ask: Ask) -> None:
    (row,) = ask("SELECT message, kind, level = 'warn' AS warns FROM records", log(level="warn"))

    assert {"message": "hello", "kind": "log", "warns": True} == row


def test_attributes_keep_their_types(ask: Ask) -> None:
    values = {"b": True, "i": 1, "f": 1.5, "s": "x", "l": [1, "a"], "d": {"k": [False]}}
    (row,) = ask("SELECT attributes AS given FROM records", span(attributes=values))

    assert values == {key: row["given"][key] for key in values}


def test_a_metric_is_a_counter_that_is_sent_as_deltas(ask: Ask) -> None:
    (row,) = ask(
        "SELECT sum(scalar_value) AS total, metric_increase(value, recorded_timestamp) AS grown,"
        " min(metric_type) AS kind, min(aggregation_temporality) AS temporality,"
        " bool_and(is_monotonic) AS monotonic FROM metrics",
        point(value=5, every="10s", times=3),
    )

    assert {
        "total": 15,
        "grown": 15,
        "kind": "sum",
        "temporality": "delta",
        "monotonic": True,
    } == {**row, "temporality": row["temporality"].lower().removeprefix("aggregation_temporality_")}


def test_points_of_one_series_follow_each_other_and_those_of_others_do_not(ask: Ask) -> None:
    rows = ask(
        "SELECT start_timestamp AS s, recorded_timestamp AS r FROM metrics ORDER BY r, s",
        point(at="-3m", value=1),
        point(at="-1m", value=1),
        point(at="-1m", value=1, environment="other"),
    )

    assert [("11:56", "11:57"), ("11:57", "11:59"), ("11:58", "11:59")] == [
        (row["s"][11:16], row["r"][11:16]) for row in rows
    ]


def test_what_is_declared_as_a_gauge_is_one(ask: Ask) -> None:
    rows = ask(
        "SELECT metric_type AS kind, scalar_value AS v, unit FROM metrics ORDER BY v",
        point(value=[1, 3], every="10s", times=2),
        catalogue={"m": GAUGE},
    )

    assert [("gauge", 1, "1"), ("gauge", 3, "1")] == [tuple(row.values()) for row in rows]


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ([float(n) for n in range(1, 1001)], 2**0.125 - 1),
        ([0.001 * 1.1**n for n in range(100)], 2**0.125 - 1),
        ([-float(n) for n in range(1, 101)], 2**0.125 - 1),
        # So far apart that buckets get coarser, as the SDK's do.
        ([10.0**n for n in range(-150, 151)], 2.0**8 - 1),
    ],
    ids=["linear", "geometric", "negative", "far apart"],
)
@pytest.mark.parametrize("q", [0.05, 0.5, 0.95])
def test_a_quantile_of_a_histogram_is_off_by_less_than_a_bucket(
    ask: Ask, values: list[float], error: float, q: float
) -> None:
    (row,) = ask(f"SELECT metric_quantile({q}, value) AS q FROM metrics", point(values=values))
    ordered = sorted(values)
    exact = ordered[math.ceil(q * len(values)) - 1]
    below = ordered[max(0, math.ceil(q * len(values)) - 2)]

    low, high = sorted((below, exact))
    assert low - abs(low) * error <= row["q"] <= high + abs(high) * error


def test_a_histogram_knows_its_count_sum_and_extremes(ask: Ask) -> None:
    (row,) = ask(
        "SELECT metric_type AS kind, histogram_count AS n, histogram_sum AS s,"
        " histogram_min AS least, histogram_max AS most, exp_histogram_zero_count AS zeros"
        " FROM metrics",
        point(values=[0, 1, 2.5, -4]),
    )

    assert {
        "kind": "exponential_histogram",
        "n": 4,
        "s": -0.5,
        "least": -4,
        "most": 2.5,
        "zeros": 1,
    } == row


def test_a_histogram_has_no_more_buckets_than_the_sdk_sends(ask: Ask) -> None:
    (row,) = ask(
        "SELECT cardinality(exp_histogram_positive_bucket_counts) AS n FROM metrics",
        point(values=[1e-300, 1e300]),
    )

    assert 80 < row["n"] <= 160


def test_a_span_is_in_the_one_it_names(ask: Ask) -> None:
    rows = ask(
        "SELECT inner_span.span_name AS inside, outer_span.span_name AS around"
        " FROM records AS inner_span JOIN records AS outer_span"
        " ON inner_span.trace_id = outer_span.trace_id"
        " AND inner_span.parent_span_id = outer_span.span_id",
        span(span="make", id="a", trace="one"),
        span(span="take", parent="a", trace="one"),
        span(span="strange", parent="a", trace="two"),
        span(span="lonely", parent="gone", trace="one"),
        span(span="free"),
    )

    assert [{"inside": "take", "around": "make"}] == rows


def test_an_exception_and_a_status_say_what_went_wrong(ask: Ask) -> None:
    (row,) = ask(
        "SELECT exception_type, exception_message, otel_status_message FROM records",
        span(exception="builtins.OSError", exception_message="gone", status_message="no luck"),
    )

    assert {
        "exception_type": "builtins.OSError",
        "exception_message": "gone",
        "otel_status_message": "no luck",
    } == row


def test_a_status_may_say_something_without_being_an_error(ask: Ask) -> None:
    sql = "SELECT otel_status_message AS said, otel_status_code AS code FROM records"

    assert [{"said": "all well", "code": "UNSET"}] == ask(sql, span(status_message="all well"))
