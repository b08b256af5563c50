from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from telemetry.emulator import arrow
from telemetry.emulator.engine.wire import Failure, TableState, to_stream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from telemetry.emulator.engine.reader import Reader

NUMBERS = itertools.count()
START = datetime(2026, 1, 1, tzinfo=UTC)


def row(seconds: int, **fields: Any) -> dict[str, Any]:
    required = {
        "recorded_timestamp": START + timedelta(seconds=seconds),
        "metric_name": "m",
        "metric_type": "sum",
        "_lf_series": 1,
    }
    return required | fields


ROWS = [
    row(10, metric_name="tasks", aggregation_temporality="delta", is_monotonic=True,
        start_timestamp=START, scalar_value=3.0),
    row(20, metric_name="tasks", aggregation_temporality="delta", is_monotonic=True,
        start_timestamp=START + timedelta(seconds=10), scalar_value=5.0),
    row(10, metric_name="load", metric_type="gauge", scalar_value=1.0),
    row(20, metric_name="load", metric_type="gauge", scalar_value=4.0),
    row(10, metric_name="took", metric_type="exponential_histogram",
        aggregation_temporality="delta", histogram_count=4, histogram_sum=10.0,
        histogram_min=1.5, histogram_max=4.0, exp_histogram_scale=0, exp_histogram_zero_count=0,
        exp_histogram_positive_bucket_counts=[2, 2],
        exp_histogram_positive_bucket_counts_offset=0,
        exp_histogram_negative_bucket_counts=[],
        exp_histogram_negative_bucket_counts_offset=0),
    row(10, metric_name="size", metric_type="histogram", aggregation_temporality="delta",
        histogram_count=0, histogram_sum=0.0, histogram_bucket_counts=[0, 0],
        histogram_explicit_bounds=[1.0]),
]  # fmt: skip


@pytest.fixture
def metrics(ask: Callable[..., Any], tmp_path: Path) -> Callable[[str], Any]:
    """Run DataFusion's SQL over a few metrics: the rows, or the failure."""
    batch = pa.RecordBatch.from_pylist(ROWS, arrow.METRICS.schema)
    path = tmp_path / "metrics.arrow"
    path.write_bytes(to_stream(batch.schema, [batch]))
    # No other test has rows of this number in the session they share.
    number = next(NUMBERS)
    tables = {
        "records_all": TableState(arrow.RECORDS.schema, 1, None),
        "metrics": TableState(arrow.METRICS.schema, 1, None, (number,), {number: str(path)}),
    }
    return lambda sql: ask(sql, tables=tables)


def test_each_row_has_its_own_figures(metrics: Callable[[str], Any]) -> None:
    rows = metrics(
        "SELECT metric_name, metric_count(value) AS n, metric_sum(value) AS s,"
        " metric_avg(value) AS a, metric_min(value) AS lo, metric_max(value) AS hi"
        " FROM metrics ORDER BY metric_name, recorded_timestamp"
    )
    assert [
        ("load", 1, 1.0, 1.0, 1.0, 1.0),
        ("load", 1, 4.0, 4.0, 4.0, 4.0),
        ("size", 0, 0.0, None, None, None),
        ("tasks", 1, 3.0, 3.0, 3.0, 3.0),
        ("tasks", 1, 5.0, 5.0, 5.0, 5.0),
        ("took", 4, 10.0, 2.5, 1.5, 4.0),
    ] == [tuple(row.values()) for row in rows]


def test_groups_have_figures_too(metrics: Callable[[str], Any]) -> None:
    rows = metrics(
        "SELECT metric_name, _lf_metric_quantile(0.5, array_agg(value)) AS p50,"
        " _lf_metric_increase(array_agg(named_struct('v', value, 't', recorded_timestamp))) AS i,"
        " _lf_metric_rate(array_agg(named_struct('v', value, 't', recorded_timestamp))) AS r,"
        " metric_sum(_lf_metric_merge(array_agg(value))) AS total"
        " FROM metrics GROUP BY metric_name ORDER BY metric_name"
    )
    assert [
        ("load", 2.5, 3.0, 0.3, 5.0),
        ("size", None, 0.0, None, 0.0),
        ("tasks", 4.0, 8.0, 0.4, 8.0),
        ("took", 2.0, 4.0, None, 10.0),
    ] == [tuple(row.values()) for row in rows]


def test_a_filter_that_leaves_nothing_gives_null(metrics: Callable[[str], Any]) -> None:
    rows = metrics(
        "SELECT _lf_metric_quantile(0.5, array_agg(value) FILTER (WHERE unit = 'none')) AS q,"
        " _lf_metric_rate(array_agg(named_struct('v', value, 't', recorded_timestamp))"
        " FILTER (WHERE unit = 'none')) AS r,"
        " _lf_metric_merge(array_agg(value) FILTER (WHERE unit = 'none')) IS NULL AS m"
        " FROM metrics"
    )
    assert [{"q": None, "r": None, "m": True}] == rows


def test_a_mixture_is_refused_in_words_the_user_reads(metrics: Callable[[str], Any]) -> None:
    failure = metrics("SELECT _lf_metric_quantile(0.5, array_agg(value)) FROM metrics")
    assert isinstance(failure, Failure)
    assert "group by metric_type" in failure.message


@pytest.mark.parametrize(
    ("name", "number"), [("trace", 1), ("info", 9), ("warn", 13), ("fatal", 21), ("nope", None)]
)
def test_levels_have_numbers(reader: Reader, ask: Any, name: str, number: int | None) -> None:
    assert [{"n": number}] == ask(f"SELECT level_num('{name}') AS n")


def test_levels_have_names(ask: Callable[..., Any]) -> None:
    rows = ask("SELECT level_name(17) AS a, level_name(2) AS b, level_name(NULL) AS c")
    assert [{"a": "error", "b": None, "c": None}] == rows
