"""Results as the query API sends them, in each of its formats.

https://logfire.pydantic.dev/docs/how-to-guides/query-api/#additional-configuration
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa

from telemetry.emulator.engine.query import JSON_MARK
from telemetry.emulator.engine.result_types import describe_columns, describe_fields
from telemetry.emulator.engine.result_values import column_values, json_values
from telemetry.emulator.engine.wire import to_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from telemetry.emulator.engine.query import Plans, QueryResult

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
ARROW: Final = "application/vnd.apache.arrow.stream"
CSV: Final = "text/csv"

_ROWS_A_MESSAGE: Final = 1000


def encode_json(result: QueryResult, *, include_schema: bool = True) -> Iterator[bytes]:
    """Give one JSON document with the schema, the plans if there are any, and the rows."""
    document: dict[str, Any] = {"schema": _schema(result)} if include_schema else {}
    document |= _plans(result.plans)
    document["data"] = list(_rows(result))
    yield orjson.dumps(document)


def encode_ndjson(result: QueryResult, *, include_schema: bool = True) -> Iterator[bytes]:
    """Give one message a line: schema, explain, data, end.

    https://logfire.pydantic.dev/docs/how-to-guides/query-api/#ndjson-response-format
    """
    if include_schema:
        yield _message("schema", schema=_schema(result))
    if result.plans is not None:
        plans = _plans(result.plans)
        metrics = plans.pop("physical_plan_with_metrics")
        yield _message("explain", **plans)
    rows = list(_rows(result))
    for first in range(0, len(rows), _ROWS_A_MESSAGE):
        yield _message("data", rows=rows[first : first + _ROWS_A_MESSAGE])
    end = {} if result.plans is None else {"physical_plan_with_metrics": metrics}
    yield _message("end", row_count=len(rows), **end)


def encode_arrow(result: QueryResult, *, include_schema: bool = True) -> Iterator[bytes]:
    """Give an Arrow stream, which always has its schema. JSON is text in it."""
    del include_schema
    schema = pa.schema([field.remove_metadata() for field in result.schema])
    batches = [pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in result.batches]
    yield to_stream(schema, batches)


def encode_csv(result: QueryResult, *, include_schema: bool = True) -> Iterator[bytes]:
    """Give a line of names, then one a row. Lists and JSON are JSON text, NULL is nothing."""
    del include_schema
    yield _lines([result.schema.names])
    for batch in result.batches:
        columns = [_cells(column) for column in batch.columns]
        yield _lines(list(zip(*columns, strict=True)))


def encode_rows(result: QueryResult) -> bytes:
    """Return the document of ``/v1/query`` with a list of rows."""
    return orjson.dumps({"columns": describe_columns(result.schema), "rows": list(_rows(result))})


def encode_columns(result: QueryResult) -> bytes:
    """Return the document of ``/v1/query`` with a list of values a column."""
    columns = describe_columns(result.schema)
    for index, column in enumerate(columns):
        field = result.schema.field(index)
        column["values"] = [
            value for batch in result.batches for value in _values(field, batch.column(index))
        ]
    return orjson.dumps({"columns": columns})


def read_rows(result: QueryResult) -> list[dict[str, Any]]:
    """Return the rows as who reads the JSON format has them: decimals are numbers, NaN is None."""
    rows: list[dict[str, Any]] = orjson.loads(orjson.dumps(list(_rows(result))))
    return rows


FORMATS: Final[Mapping[str, Callable[..., Iterator[bytes]]]] = {
    JSON: encode_json,
    NDJSON: encode_ndjson,
    ARROW: encode_arrow,
    CSV: encode_csv,
}
"""What encodes a result, by media type, the default first: called with the result and, by keyword,
``include_schema``."""


def _schema(result: QueryResult) -> dict[str, Any]:
    return {"fields": describe_fields(result.schema), "metadata": {}}


def _plans(plans: Plans | None) -> dict[str, str]:
    if plans is None:
        return {}
    return {
        "logical_plan": plans.logical,
        "physical_plan": plans.physical,
        "physical_plan_with_metrics": plans.physical_with_metrics,
    }


def _message(kind: str, **fields: Any) -> bytes:
    return orjson.dumps({"type": kind, **fields}, option=orjson.OPT_APPEND_NEWLINE)


def _rows(result: QueryResult) -> Iterator[dict[str, Any]]:
    names = result.schema.names
    for batch in result.batches:
        columns = [
            _values(field, column)
            for field, column in zip(result.schema, batch.columns, strict=True)
        ]
        for row in zip(*columns, strict=True):
            yield dict(zip(names, row, strict=True))


def _values(field: pa.Field, column: pa.Array) -> list[Any]:
    return json_values(column) if _is_json(field) else column_values(column)


def _is_json(field: pa.Field) -> bool:
    return (field.metadata or {}).keys() >= JSON_MARK.keys()


def _cells(column: pa.Array) -> list[Any]:
    if pa.types.is_boolean(column.type):
        return [None if value is None else str(value).lower() for value in column.to_pylist()]
    if pa.types.is_decimal(column.type):
        return [None if value is None else f"{value:f}" for value in column.to_pylist()]
    values = column_values(column)
    if pa.types.is_nested(column.type):
        return [None if value is None else orjson.dumps(value).decode() for value in values]
    return values


def _lines(rows: list[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
