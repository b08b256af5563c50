"""An attribute is read from a column of its own only where that is provably the same."""

from __future__ import annotations

import pytest

from telemetry.sql.rewrite import rewrite

HOT = {"records_all": ["stage", "it's"], "metrics": ["service"]}
STAGE = '"_lf_attributes/stage"'


@pytest.mark.parametrize(
    ("sql", "routed"),
    [
        ("SELECT attributes->>'stage' s FROM records", f"SELECT {STAGE} s FROM records"),
        ("SELECT attributes->>'stage' s FROM records_all", f"SELECT {STAGE} s FROM records_all"),
        ("SELECT r.attributes->>'stage' s FROM records r", f"SELECT r.{STAGE} s FROM records r"),
        (
            "SELECT count(*) FILTER (WHERE attributes->>'stage' = 'x') n FROM records",
            f"SELECT count(*) FILTER (WHERE {STAGE} = 'x') n FROM records",
        ),
        (
            "SELECT (attributes->>'stage')::int n FROM records",
            f"SELECT TRY_CAST({STAGE} AS int) n FROM records",
        ),
        (
            "SELECT 1 x FROM records a JOIN records b ON a.attributes->>'stage' = b.span_id",
            f"SELECT 1 x FROM records a JOIN records b ON a.{STAGE} = b.span_id",
        ),
        (
            "SELECT (SELECT max(attributes->>'service') x FROM metrics) m FROM records",
            'SELECT (SELECT max("_lf_attributes/service") x FROM metrics) m FROM records',
        ),
        (
            "WITH r AS (SELECT attributes->>'stage' s FROM records) SELECT s FROM r",
            f"WITH r AS (SELECT {STAGE} s FROM records) SELECT s FROM r",
        ),
        (
            "SELECT attributes->>'it''s' s FROM records",
            'SELECT "_lf_attributes/it\'s" s FROM records',
        ),
    ],
)
def test_a_key_with_a_column_is_read_from_it(sql: str, routed: str) -> None:
    rewritten = rewrite(sql, hot_keys=HOT)

    assert routed == rewritten.sql
    assert rewrite(sql).sql == rewritten.unrouted_sql


@pytest.mark.parametrize(
    "sql",
    [
        # No such column in that table, or another operator, or a longer path.
        "SELECT attributes->>'service' s FROM records",
        "SELECT attributes->>'other' s FROM records",
        "SELECT attributes->'stage' s FROM records",
        "SELECT attributes ? 'stage' s FROM records",
        "SELECT attributes->'stage'->>'x' s FROM records",
        "SELECT attributes->>lower('STAGE') s FROM records",
        "SELECT otel_resource_attributes->>'stage' s FROM records",
        # Not the table's own column.
        "SELECT attributes->>'stage' s FROM (SELECT '{}' AS attributes FROM records)",
        "WITH r AS (SELECT '{}' AS attributes) SELECT attributes->>'stage' s FROM r",
        "WITH records AS (SELECT '{}' AS attributes) SELECT attributes->>'stage' s FROM records",
        "SELECT x.attributes->>'stage' s FROM (SELECT attributes FROM records) x",
        "SELECT attributes->>'stage' s FROM records a JOIN (SELECT 1) b ON true",
        "SELECT attributes->>'stage' s FROM records, unnest(tags) t(attributes)",
        "SELECT attributes->>'stage' s FROM elsewhere.records",
    ],
)
def test_anything_else_is_looked_up_in_the_json(sql: str) -> None:
    rewritten = rewrite(sql, hot_keys=HOT)

    assert (rewrite(sql).sql, frozenset()) == (rewritten.sql, rewritten.hot)


def test_what_cannot_be_read_as_a_tree_is_not_routed() -> None:
    sql = "SELECT attributes->>'stage' FROM records WHERE x ~@~ y"

    assert frozenset() == rewrite(sql, hot_keys=HOT).hot


def test_an_engine_is_told_which_columns_it_needs() -> None:
    sql = "SELECT attributes->>'stage' AS a, attributes->>'it''s' AS b FROM records"

    assert frozenset({"stage", "it's"}) == rewrite(sql, hot_keys=HOT).hot
