"""Logfire's tables and their columns: the one list that engine, linter and documentation use.

https://logfire.pydantic.dev/docs/reference/sql/ describes the columns of ``records``, and
https://logfire.pydantic.dev/docs/guides/web-ui/explore/ those of ``metrics``. Columns that Logfire
keeps for itself (``created_at``, ``day``, ``project_id``, ``attributes_json_schema``, ``_lf_*``)
are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class ColumnType(StrEnum):
    """What a column holds, in PostgreSQL's names where it has one."""

    TEXT = "text"
    JSON = "json"
    """JSON as text; ``->``, ``->>`` and ``?`` look into it."""
    BOOLEAN = "boolean"
    SMALLINT = "smallint"
    INTEGER = "integer"
    BIGINT = "bigint"
    DOUBLE = "double precision"
    TIMESTAMP = "timestamp with time zone"
    """To the microsecond, in UTC."""
    TEXT_ARRAY = "text[]"
    BIGINT_ARRAY = "bigint[]"
    DOUBLE_ARRAY = "double precision[]"
    METRIC_VALUE = "metric value"
    """A struct that only the ``metric_*`` functions look into."""


@dataclass(frozen=True, slots=True)
class Column:
    """Describe a column.

    Attributes:
        name: As queries write it.
        type: What it holds.
        nullable: Whether a row may be without a value.
    """

    name: str
    type: ColumnType
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """Describe a table.

    Attributes:
        name: As queries write it.
        columns: In the order of ``SELECT *``.
        time_column: What a query's time bounds filter, and what its charts bucket.
    """

    name: str
    columns: tuple[Column, ...]
    time_column: str

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of its columns, in order."""
        return tuple(column.name for column in self.columns)


RESOURCE_ALIASES: Final = {
    "service_namespace": ("service.namespace",),
    "service_name": ("service.name",),
    "service_version": ("service.version",),
    "service_instance_id": ("service.instance.id",),
    "deployment_environment": ("deployment.environment.name", "deployment.environment"),
    "process_pid": ("process.pid",),
    "telemetry_sdk_name": ("telemetry.sdk.name",),
    "telemetry_sdk_language": ("telemetry.sdk.language",),
    "telemetry_sdk_version": ("telemetry.sdk.version",),
}
"""Columns that repeat a resource attribute: the first of these keys that is there.

https://logfire.pydantic.dev/docs/reference/sql/#resource-attributes
"""

ATTRIBUTE_ALIASES: Final = {
    "http_response_status_code": ("http.response.status_code", "http.status_code"),
    "http_method": ("http.request.method", "http.method"),
    "http_route": ("http.route",),
    "url_full": ("url.full", "http.url"),
    "url_path": ("url.path",),
    "url_query": ("url.query",),
}
"""Columns that repeat an attribute of the span or log: the first of these keys that is there.

https://logfire.pydantic.dev/docs/reference/sql/#other-columns
"""

LEVELS: Final = {
    "trace": 1,
    "debug": 5,
    "info": 9,
    "notice": 10,
    "warn": 13,
    "error": 17,
    "fatal": 21,
}
"""The names that ``level`` compares with, and their numbers.

https://logfire.pydantic.dev/docs/reference/sql/#level
"""

_TEXT, _JSON = ColumnType.TEXT, ColumnType.JSON

RECORDS_ALL: Final = Table(
    name="records_all",
    time_column="start_timestamp",
    columns=(
        Column("start_timestamp", ColumnType.TIMESTAMP, nullable=False),
        Column("end_timestamp", ColumnType.TIMESTAMP, nullable=False),
        Column("duration", ColumnType.DOUBLE),
        Column("trace_id", _TEXT, nullable=False),
        Column("span_id", _TEXT, nullable=False),
        Column("parent_span_id", _TEXT),
        Column("kind", _TEXT, nullable=False),
        Column("level", ColumnType.SMALLINT, nullable=False),
        Column("span_name", _TEXT, nullable=False),
        Column("message", _TEXT, nullable=False),
        Column("is_exception", ColumnType.BOOLEAN),
        Column("exception_type", _TEXT),
        Column("exception_message", _TEXT),
        Column("exception_stacktrace", _TEXT),
        Column("attributes", _JSON),
        Column("tags", ColumnType.TEXT_ARRAY),
        Column("otel_status_code", _TEXT),
        Column("otel_status_message", _TEXT),
        Column("otel_events", _JSON),
        Column("otel_links", _JSON),
        Column("otel_scope_name", _TEXT),
        Column("otel_scope_version", _TEXT),
        Column("otel_scope_attributes", _JSON),
        Column("otel_resource_attributes", _JSON),
        Column("service_name", _TEXT),
        Column("service_namespace", _TEXT),
        Column("service_version", _TEXT),
        Column("service_instance_id", _TEXT),
        Column("deployment_environment", _TEXT),
        Column("process_pid", ColumnType.INTEGER),
        Column("telemetry_sdk_name", _TEXT),
        Column("telemetry_sdk_language", _TEXT),
        Column("telemetry_sdk_version", _TEXT),
        Column("http_response_status_code", ColumnType.INTEGER),
        Column("http_method", _TEXT),
        Column("http_route", _TEXT),
        Column("url_full", _TEXT),
        Column("url_path", _TEXT),
        Column("url_query", _TEXT),
        Column("log_body", _JSON),
    ),
)
"""Spans, logs, span events and pending spans, one a row."""

PENDING_SPAN: Final = "pending_span"
"""The ``kind`` of a row that says a span has begun; only ``records_all`` has such rows."""

RECORDS: Final = Table(
    name="records", columns=RECORDS_ALL.columns, time_column=RECORDS_ALL.time_column
)
"""``records_all`` without pending spans."""

METRICS: Final = Table(
    name="metrics",
    time_column="recorded_timestamp",
    columns=(
        Column("recorded_timestamp", ColumnType.TIMESTAMP, nullable=False),
        Column("metric_name", _TEXT, nullable=False),
        Column("metric_type", _TEXT, nullable=False),
        Column("unit", _TEXT),
        Column("start_timestamp", ColumnType.TIMESTAMP),
        Column("aggregation_temporality", _TEXT),
        Column("is_monotonic", ColumnType.BOOLEAN),
        Column("metric_description", _TEXT),
        Column("value", ColumnType.METRIC_VALUE),
        Column("scalar_value", ColumnType.DOUBLE),
        Column("histogram_min", ColumnType.DOUBLE),
        Column("histogram_max", ColumnType.DOUBLE),
        Column("histogram_count", ColumnType.BIGINT),
        Column("histogram_sum", ColumnType.DOUBLE),
        Column("exp_histogram_scale", ColumnType.INTEGER),
        Column("exp_histogram_zero_count", ColumnType.BIGINT),
        Column("exp_histogram_zero_threshold", ColumnType.DOUBLE),
        Column("exp_histogram_positive_bucket_counts", ColumnType.BIGINT_ARRAY),
        Column("exp_histogram_positive_bucket_counts_offset", ColumnType.INTEGER),
        Column("exp_histogram_negative_bucket_counts", ColumnType.BIGINT_ARRAY),
        Column("exp_histogram_negative_bucket_counts_offset", ColumnType.INTEGER),
        Column("histogram_bucket_counts", ColumnType.BIGINT_ARRAY),
        Column("histogram_explicit_bounds", ColumnType.DOUBLE_ARRAY),
        Column("attributes", _JSON),
        Column("otel_scope_name", _TEXT),
        Column("otel_scope_version", _TEXT),
        Column("otel_scope_attributes", _JSON),
        Column("otel_resource_attributes", _JSON),
        Column("service_namespace", _TEXT),
        Column("service_name", _TEXT),
        Column("service_version", _TEXT),
        Column("service_instance_id", _TEXT),
        Column("deployment_environment", _TEXT),
        Column("process_pid", ColumnType.INTEGER),
    ),
)
"""Points of metrics, one a row."""

TABLES: Final = (RECORDS, RECORDS_ALL, METRICS)
