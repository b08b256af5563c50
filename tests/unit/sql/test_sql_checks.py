"""Which SQL may run, and where in it the fault is when it may not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.errors import ForbiddenSql, InvalidSql
from telemetry.sql.rewrite import rewrite


@pytest.mark.parametrize(
    ("sql", "message", "place"),
    [
        ("INSERT INTO records SELECT 1", "only a SELECT", (1, 1)),
        ("\n  DROP TABLE records", "only a SELECT", (2, 3)),
        ("EXPLAIN SELECT 1", "only a SELECT", (1, 1)),
        ("SHOW TABLES", "only a SELECT", (1, 1)),
        ("SET x = 1", "only a SELECT", (1, 1)),
        ("VALUES (1)", "only a SELECT", (1, 1)),
        ("SELECT 1; DROP TABLE records", "only one statement", (1, 11)),
        ("WITH x AS (DELETE FROM records) SELECT 1", "not DELETE", (1, 12)),
        ("WITH x AS (SELECT 1) INSERT INTO records SELECT 1", "not INSERT", (1, 22)),
        ("SELECT 1 INTO t FROM records", "not INTO a table", (1, 10)),
        ("SELECT * FROM 'data.parquet'", "files cannot be read", (1, 15)),
        ('SELECT * FROM "/etc/passwd"', "files cannot be read", (1, 15)),
        ("SELECT * FROM records JOIN 's3://b/x.csv' ON true", "files cannot be read", (1, 28)),
        ("SELECT * FROM read_parquet('x')", "no table function read_parquet", (1, 15)),
        ("SELECT _lf_json_text(a, 'x') FROM records", "_lf_json_text is internal", (1, 8)),
        ('SELECT "_LF_attributes/x" FROM records', "is internal", (1, 8)),
    ],
)
def test_what_is_no_query_over_the_tables_is_refused(
    sql: str, message: str, place: tuple[int, int]
) -> None:
    with pytest.raises(ForbiddenSql, match=message) as refused:
        rewrite(sql)

    assert place == (refused.value.line, refused.value.column)


@pytest.mark.parametrize("sql", ["", " \n", ";", "-- nothing"])
def test_an_empty_query_is_told(sql: str) -> None:
    with pytest.raises(InvalidSql, match="the query is empty"):
        rewrite(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1;",
        "(SELECT 1)",
        "WITH r AS (SELECT 1 AS x) SELECT x FROM r",
        "SELECT * FROM generate_series(1, 3)",
        "SELECT * FROM records, unnest(tags)",
        "SELECT extract(day FROM start_timestamp), trim(both FROM message) FROM records",
        "SELECT updated, copy FROM (SELECT 1 AS updated, 2 AS copy)",
        'SELECT "a.b" FROM records',
    ],
)
def test_what_only_reads_may_run(sql: str) -> None:
    assert sql.rstrip(";") == rewrite(sql).sql


WORDS = st.sampled_from(
    [
        "SELECT",
        "FROM",
        "WHERE",
        "AS",
        "level",
        "attributes",
        "->",
        "->>",
        "?",
        "||",
        "::",
        "(",
        ")",
        "[",
        "]",
        ",",
        ".",
        "*",
        "+",
        "-",
        "'error'",
        "'k'",
        "1",
        "$x",
        '"',
        "'",
        "records",
        "CASE",
        "WHEN",
        "THEN",
        "END",
        "AND",
        "IN",
        "BETWEEN",
        "NOT",
        "IS",
        "DISTINCT",
        "int",
        "FILTER",
        "OVER",
        "ORDER",
        "BY",
        "metric_rate",
        "time_bucket",
        "extract",
        "epoch",
        "CAST",
        "INTERVAL",
        "/*",
        "*/",
        "--",
        ";",
        "$$",
        "E'\\'",
        "😀",
        "LATERAL",
        "JOIN",
        "WITH",
        "json_get",
        "DESC",
        "LIMIT",
        "UNION",
        "ALL",
        "count",
        "{",
        "}",
        "=",
        ">=",
        "<>",
        "!~",
        "@>",
        "#>>",
        "\n",
    ]
)


@given(words=st.lists(WORDS, max_size=30), sql=st.text(max_size=60))
def test_whatever_is_written_is_rewritten_or_refused(words: list[str], sql: str) -> None:
    for text in (" ".join(words), "SELECT " + " ".join(words), sql, f"SELECT {sql}"):
        try:
            rewritten = rewrite(text, hot_keys={"records_all": ["k"]})
        except InvalidSql:
            continue
        line, column = rewritten.to_user(1, 10**6)
        assert 1 <= line
        assert 1 <= column
