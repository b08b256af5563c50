from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from telemetry.emulator import arrow
from telemetry.emulator.engine import Plans, QueryResult
from telemetry.emulator.engine.presentation import present
from telemetry.emulator.engine.query import JSON_MARK
from telemetry.emulator.engine.results import (
    FORMATS,
    encode_columns,
    encode_json,
    encode_ndjson,
    encode_rows,
)

# What Logfire answered to `SELECT kind, message, is_exception, tags FROM records`, as recorded by
# the tests of its SDK.
SCHEMA = pa.schema(
    [
        pa.field("kind", pa.string(), nullable=False),
        pa.field("message", pa.string(), nullable=False),
        pa.field("is_exception", pa.bool_()),
        pa.field("tags", pa.list_(pa.string())),
    ]
)
ROWS = [
    {"kind": "log", "message": "about to raise an error", "is_exception": False, "tags": []},
    {"kind": "log", "message": "aha 0", "is_exception": False, "tags": ["tag1", "tag2"]},
]
TAGS = (
    '{"name":"tags","data_type":{"List":{"name":"item","data_type":"Utf8","nullable":true,'
    '"dict_id":0,"dict_is_ordered":false,"metadata":{}}},"nullable":true}'
)


def result(
    schema: pa.Schema, rows: list[dict[str, Any]], plans: Plans | None = None
) -> QueryResult:
    return QueryResult(schema, (pa.RecordBatch.from_pylist(rows, schema),), 0.0, plans)


def encoded(media_type: str, given: QueryResult, **options: Any) -> bytes:
    return b"".join(FORMATS[media_type](given, **options))


def values(kind: pa.DataType, *given: Any) -> list[Any]:
    """Return the column as it is in JSON."""
    schema = pa.schema([("x", kind)])
    batch = pa.RecordBatch.from_arrays([pa.array(given, kind)], schema=schema)
    document = json.loads(b"".join(encode_json(QueryResult(schema, (batch,), 0.0))))
    return [row["x"] for row in document["data"]]


def test_json_is_what_logfire_sends() -> None:
    assert (
        '{"schema":{"fields":[{"name":"kind","data_type":"Utf8","nullable":false},'
        '{"name":"message","data_type":"Utf8","nullable":false},'
        '{"name":"is_exception","data_type":"Boolean","nullable":true},'
        + TAGS
        + '],"metadata":{}},"data":['
        '{"kind":"log","message":"about to raise an error","is_exception":false,"tags":[]},'
        '{"kind":"log","message":"aha 0","is_exception":false,"tags":["tag1","tag2"]}]}'
    ) == encoded("application/json", result(SCHEMA, ROWS)).decode()


def test_csv_is_what_logfire_sends() -> None:
    assert (
        "kind,message,is_exception,tags\n"
        "log,about to raise an error,false,[]\n"
        'log,aha 0,false,"[""tag1"",""tag2""]"\n'
    ) == encoded("text/csv", result(SCHEMA, ROWS)).decode()


def test_csv_without_rows_has_its_names() -> None:
    assert b"kind,message,is_exception,tags\n" == encoded("text/csv", QueryResult(SCHEMA, (), 0.0))


def test_the_schema_may_be_left_out() -> None:
    given = result(SCHEMA, ROWS)
    assert {"data": ROWS} == json.loads(encoded("application/json", given, include_schema=False))
    first = encoded("application/x-ndjson", given, include_schema=False).splitlines()[0]
    assert "data" == json.loads(first)["type"]


def test_ndjson_is_a_message_a_line() -> None:
    plans = Plans("a", "b", "c")
    lines = [json.loads(line) for line in encode_ndjson(result(SCHEMA, ROWS, plans))]
    assert ["schema", "explain", "data", "end"] == [line["type"] for line in lines]
    assert {"type": "explain", "logical_plan": "a", "physical_plan": "b"} == lines[1]
    assert ROWS == lines[2]["rows"]
    assert {"type": "end", "row_count": 2, "physical_plan_with_metrics": "c"} == lines[3]


def test_ndjson_sends_many_rows_in_several_messages() -> None:
    schema = pa.schema([("n", pa.int64())])
    lines = [json.loads(line) for line in encode_ndjson(result(schema, [{"n": 1}] * 2500))]
    assert [1000, 1000, 500] == [len(line["rows"]) for line in lines if line["type"] == "data"]
    assert 2500 == lines[-1]["row_count"]


def test_plans_stand_beside_the_rows() -> None:
    document = json.loads(b"".join(encode_json(result(SCHEMA, ROWS, Plans("a", "b", "c")))))
    assert ("a", "b", "c") == tuple(
        document[name] for name in ("logical_plan", "physical_plan", "physical_plan_with_metrics")
    )


def test_the_old_api_has_rows_or_columns() -> None:
    given = result(SCHEMA, ROWS)
    columns = json.loads(encode_rows(given))["columns"]
    assert {"name": "kind", "datatype": "Utf8", "nullable": False} == columns[0]
    assert {
        "name": "tags",
        "datatype": {"List": {"name": "item", "datatype": "Utf8", "nullable": True}},
        "nullable": True,
    } == columns[3]
    assert ROWS == json.loads(encode_rows(given))["rows"]
    by_column = json.loads(encode_columns(given))["columns"]
    assert ["about to raise an error", "aha 0"] == by_column[1]["values"]


def test_an_arrow_stream_has_json_as_plain_text() -> None:
    schema = pa.schema([pa.field("attributes", pa.string(), metadata=JSON_MARK)])
    stream = encoded("application/vnd.apache.arrow.stream", result(schema, [{"attributes": "{}"}]))
    table = pa.ipc.open_stream(stream).read_all()
    assert pa.string() == table.schema.field("attributes").type
    assert [{"attributes": "{}"}] == table.to_pylist()


def test_json_is_decoded_and_what_is_none_stays_text() -> None:
    schema = pa.schema([pa.field("log_body", pa.string(), metadata=JSON_MARK)])
    texts = ['{"a": [1, null]}', "plain words", "3", None]
    document = json.loads(
        encoded("application/json", result(schema, [{"log_body": text} for text in texts]))
    )
    assert [{"a": [1, None]}, "plain words", 3, None] == [
        row["log_body"] for row in document["data"]
    ]


MOMENT = datetime(2026, 5, 27, 13, 16, 36, 517321, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        (pa.timestamp("us", "UTC"), MOMENT, "2026-05-27T13:16:36.517321Z"),
        (pa.timestamp("us", "UTC"), MOMENT.replace(microsecond=0), "2026-05-27T13:16:36.000000Z"),
        (pa.timestamp("us", "Europe/Paris"), MOMENT, "2026-05-27T13:16:36.517321Z"),
        (pa.timestamp("ns", "UTC"), 1, "1970-01-01T00:00:00.000000Z"),
        (pa.timestamp("us"), MOMENT.replace(tzinfo=None), "2026-05-27T13:16:36.517321"),
        (pa.date32(), date(2026, 5, 27), "2026-05-27"),
        (pa.time64("us"), time(1, 2, 3), "01:02:03"),
        (pa.duration("us"), timedelta(seconds=90, milliseconds=500), "PT90.5S"),
        (pa.duration("ns"), -1, "-PT0.000000001S"),
        (pa.month_day_nano_interval(), (1, 2, 3_500_000_000), "P1M2DT3.5S"),
        (pa.month_day_nano_interval(), (12, 0, 0), "P12M"),
        (pa.month_day_nano_interval(), (0, 0, -(10**9)), "PT-1S"),
        (pa.month_day_nano_interval(), (0, 0, 0), "PT0S"),
        (pa.float64(), float("nan"), None),
        (pa.float64(), float("-inf"), None),
        (pa.float64(), 1.5, 1.5),
        (pa.uint64(), 2**64 - 1, 2**64 - 1),
        (pa.decimal128(38, 2), Decimal("12.50"), 12.5),
        (pa.binary(), b"\x00\xff", "00ff"),
        (pa.null(), None, None),
        (
            pa.list_(pa.timestamp("us", "UTC")),
            [MOMENT, None],
            ["2026-05-27T13:16:36.517321Z", None],
        ),
        (pa.list_(pa.list_(pa.int8())), [[1], [], None], [[1], [], None]),
        (
            pa.struct([("a", pa.date32()), ("b", pa.list_(pa.float32()))]),
            {"a": date(2026, 1, 1), "b": [0.5]},
            {"a": "2026-01-01", "b": [0.5]},
        ),
    ],
)
def test_a_value_is_readable_and_null_is_null(
    kind: pa.DataType, given: object, expected: object
) -> None:
    assert [expected, None] == values(kind, given, None)


def test_a_part_of_longer_lists_is_read_from_where_it_begins() -> None:
    column = pa.array([[1], [2, 3], None, [], [4]]).slice(1, 3)
    schema = pa.schema([("x", column.type)])
    given = QueryResult(schema, (pa.RecordBatch.from_arrays([column], schema=schema),), 0.0)
    document = json.loads(encoded("application/json", given))
    assert [[2, 3], None, []] == [row["x"] for row in document["data"]]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (pa.timestamp("us", "UTC"), {"Timestamp": ["Microsecond", "UTC"]}),
        (pa.timestamp("ns"), {"Timestamp": ["Nanosecond", None]}),
        (pa.duration("ms"), {"Duration": "Millisecond"}),
        (pa.time64("us"), {"Time64": "Microsecond"}),
        (pa.decimal128(38, 10), {"Decimal128": [38, 10]}),
        (pa.binary(4), {"FixedSizeBinary": 4}),
        (pa.month_day_nano_interval(), {"Interval": "MonthDayNano"}),
        (pa.int16(), "Int16"),
        (pa.null(), "Null"),
    ],
)
def test_types_are_spelt_as_arrow_rs_does(kind: pa.DataType, expected: object) -> None:
    document = json.loads(encoded("application/json", result(pa.schema([("x", kind)]), [])))
    assert expected == document["schema"]["fields"][0]["data_type"]


def test_csv_quotes_what_needs_it_and_leaves_null_out() -> None:
    schema = pa.schema([("a", pa.string()), ("b", pa.float64())])
    rows = [{"a": 'x,"y"\nz', "b": 1.0}, {"a": None, "b": None}]
    text = encoded("text/csv", result(schema, rows)).decode()
    assert [["a", "b"], ['x,"y"\nz', "1.0"], ["", ""]] == list(csv.reader(io.StringIO(text)))


def test_shredded_attributes_are_not_shown() -> None:
    schema = pa.schema([("a", pa.string_view()), (f"{arrow.HOT_PREFIX}stage", pa.string())])
    batch = pa.RecordBatch.from_pylist([{"a": "x", f"{arrow.HOT_PREFIX}stage": "y"}], schema)
    shown, batches = present(schema, [batch])
    assert pa.schema([("a", pa.string())]) == shown
    assert [{"a": "x"}] == batches[0].to_pylist()


def test_a_name_that_is_there_twice_gets_a_number() -> None:
    columns = [pa.array([n]) for n in range(4)]
    batch = pa.RecordBatch.from_arrays(columns, ["a", "a", "a_1", "a"])
    _, batches = present(batch.schema, [batch])
    assert [{"a": 0, "a_2": 1, "a_1": 2, "a_3": 3}] == batches[0].to_pylist()
