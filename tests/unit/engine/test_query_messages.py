"""What DataFusion says, and what its users read. The messages on the left are DataFusion's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telemetry.emulator.engine.messages import Context, explain
from telemetry.emulator.engine.wire import Failure
from telemetry.errors import InvalidMetric, InvalidQuery, QueryFailed, QueryOutOfMemory
from telemetry.sql.rewrite import rewrite

if TYPE_CHECKING:
    from collections.abc import Callable

    from telemetry.errors import QueryError


def told(message: str, sql: str = "", functions: tuple[str, ...] = ()) -> QueryError:
    def find(name: str) -> tuple[int, int] | None:
        return (1, sql.index(name) + 1) if name in sql else None

    return explain(
        message, Context(sql, functions, find, lambda line, column: (line, column + 10), 64 << 20)
    )


LIVE = [
    (
        "SELECT attributs FROM records",
        "No column 'attributs' in records at line 1, column 8. Nearest: attributes",
    ),
    (
        "SELECT a.attributs FROM records a JOIN records b ON a.span_id = b.parent_span_id",
        "No column 'attributs' in a at line 1, column 10. Nearest: attributes",
    ),
    (
        "SELECT recorded_timestamp FROM records",
        "No column 'recorded_timestamp' in records at line 1, column 8. It is a column of metrics",
    ),
    (
        'SELECT kind FROM records WHERE kind = "span"',
        (
            "No column 'span' in records at line 1, column 39."
            " Double quotes name columns; a text goes in single quotes: 'span'"
        ),
    ),
    (
        "SELECT stage FROM records",
        (
            "No column 'stage' in records at line 1, column 8."
            " If it is an attribute, write attributes->>'stage'"
        ),
    ),
    (
        "SELECT x.kind FROM records r",
        "No table 'x' in this query at line 1, column 8. There are: r",
    ),
    ("SELECT foo FROM (SELECT 1 AS bar)", "No column 'foo' at line 1, column 8. There are: bar"),
    (
        "SELECT 1 FROM record",
        (
            "No table 'record' at line 1, column 15."
            " Nearest: records. There are records, records_all and metrics"
        ),
    ),
    (
        "SELECT coun(*) FROM records",
        "No function 'coun' at line 1, column 8. Nearest: count",
    ),
    (
        "SELECT time_buckets('1 hour', start_timestamp) FROM records",
        "No function 'time_buckets' at line 1, column 8. Nearest: time_bucket",
    ),
    (
        "SELECT sum(attributes->>'n') FROM records",
        (
            "sum does not take (text) at line 1, column 8."
            " Cast it, as in (attributes->>'n')::double precision"
        ),
    ),
    (
        "SELECT metric_avg(kind) FROM records",
        (
            "metric_avg does not take (text) at line 1, column 8."
            " The metric functions take value, the column of metrics"
        ),
    ),
    (
        "SELECT metric_quantile(0.5, duration) FROM records",
        (
            "A metric function was given double precision."
            " The metric functions take value, the column of metrics"
        ),
    ),
    ("SELECT lower(kind, kind) FROM records", "lower takes 1 argument, not 2 at line 1, column 8"),
    (
        "SELECT duration + span_name FROM records",
        (
            "No such operation: double precision + text. Cast one side to the type of the other, as"
            " in (attributes->>'n')::double precision"
        ),
    ),
    (
        "SELECT now() - '1 hour'",
        (
            "No such operation: timestamp with time zone - text."
            " A span of time is written INTERVAL '1 hour'"
        ),
    ),
    (
        "SELECT kind, count(*) FROM records",
        (
            "kind is neither grouped nor aggregated at line 1, column 8."
            " Add it to GROUP BY, or aggregate it, as in max(kind)"
        ),
    ),
    (
        "SELECT kind AS a, span_name AS a FROM records",
        (
            "Two columns would have the same name: records.kind AS a and records.span_name AS a."
            " Give one of them a name of its own with AS"
        ),
    ),
    (
        "SELECT span_id FROM records a JOIN records b ON a.span_id = b.parent_span_id",
        (
            "'span_id' is a column of more than one table here at line 1, column 8."
            " Say which, as in a.span_id"
        ),
    ),
    (
        "SELECT CAST('x' AS int)",
        "'x' cannot be read as integer. TRY_CAST(… AS type) gives NULL where a value does not fit",
    ),
    ("SELECT 1/0", "Division by zero. Divide by NULLIF(…, 0) to have NULL instead"),
    (
        "SELECT kind FROM records WHERE max(level) > 1",
        "Aggregate functions are not allowed in the WHERE clause. Consider using HAVING instead",
    ),
    ("SELECT 1 UNION ALL SELECT 1, 2", "UNION queries have different number of columns"),
    ("SELECT 'a'::foo", "Unsupported SQL type foo"),
    ("SELECT regexp_match('a', '(')", "The regular expression does not compile: unclosed group"),
    (
        "SELECT kind, FROM records",
        "Syntax error: expected an expression, found FROM at line 1, column 19",
    ),
    (
        "SELECT kind FROM records WHERE",
        "Syntax error: expected an expression, found the end of the query",
    ),
]


@pytest.mark.parametrize(("sql", "expected"), LIVE)
def test_a_message_says_what_is_wrong_where_and_what_next(
    ask: Callable[..., object], sql: str, expected: str
) -> None:
    rewritten = rewrite(sql)
    failure = ask(rewritten.sql)
    assert isinstance(failure, Failure)
    context = Context(sql, failure.functions, rewritten.find_identifier, rewritten.to_user)
    assert expected == str(explain(failure.message, context))


def test_a_query_that_needs_too_much_memory_is_told_so() -> None:
    error = told(
        "DataFusion error: Resources exhausted: Failed to allocate additional 128.0 KB for"
        " AggregateStream[1] with 31.8 MB already allocated for this reservation - 119.9 KB remain"
        " available for the total memory pool: greedy(used: 63.9 MB, pool_size: 64.0 MB)"
    )
    assert isinstance(error, QueryOutOfMemory)
    assert "The query needs more than the 64 MiB of memory that a query may take" == error.message
    assert "Narrow its time range" in error.hint


def test_a_metric_that_cannot_be_merged_keeps_its_message() -> None:
    error = told(
        "DataFusion error: Execution error: PyErr { type: <class 'telemetry.errors.InvalidMetric'>,"
        " value: InvalidMetric('these differ. Filter by metric_name'), traceback: Some(\"…\") }"
    )
    assert isinstance(error, InvalidMetric)
    assert "these differ. Filter by metric_name" == str(error)


def test_the_place_of_a_syntax_error_is_the_users() -> None:
    error = told('SQL error: ParserError("Expected: ), found: x at Line: 2, Column: 3")')
    assert isinstance(error, InvalidQuery)
    assert (2, 13) == (error.line, error.column)


@pytest.mark.parametrize(
    "message",
    [
        "offsets must be monotonically increasing",
        "thread 'tokio' panicked at /home/someone/.cargo/registry/src/arrow/lib.rs:74:9",
        (
            "Internal error: something about _lf_json_text. This issue was likely caused by a bug"
            " in DataFusion's code. Please help us to resolve this by filing a bug report"
        ),
        "DataFusion error: Object Store error: Object at location /data/7/0.parquet not found",
        (
            "DataFusion error: Execution error: PyErr { type: <class 'KeyError'>, value:"
            " KeyError('x'),"
            ' traceback: Some("File "/srv/telemetry/emulator/engine/x.py", line 3") }'
        ),
        "",
    ],
)
def test_nothing_of_the_engines_inside_is_shown(message: str) -> None:
    error = told(message)
    assert isinstance(error, QueryFailed)
    assert (
        "The engine could not run this query. Leave parts of it out to see which one it is"
        == str(error)
    )


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        (
            """_lf_json_text(records.attributes, Utf8("[\\"a\\",\\"b\\"]"))""",
            "records.attributes->'a'->>'b'",
        ),
        ("""_lf_json_get(records.attributes,Utf8("[0]"))""", "records.attributes->0"),
        (
            """_lf_json_length(records.attributes,Utf8("[\\"a\\"]"))""",
            "json_length(records.attributes, 'a')",
        ),
        ('"records"."_lf_attributes/stage"', "attributes->>'stage'"),
        ("records._lf_attributes/stage", "attributes->>'stage'"),
        (
            "_lf_metric_quantile(Float64(0.5),array_agg(metrics.value))",
            "metric_quantile(0.5,array_agg(metrics.value))",
        ),
        ("records.level > Int16(17)", "records.level > 17"),
        ("Boolean(NULL)", "NULL"),
    ],
)
def test_an_expression_is_shown_as_it_was_written(expression: str, shown: str) -> None:
    error = told(f'column "{expression}" must appear in the GROUP BY clause')
    assert f"{shown} is neither grouped nor aggregated" == error.message
