"""A query finds the tables that it asks for, whichever the query before it asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Ask


@pytest.mark.parametrize("tables", ["records", "metrics", "records_all", "Records, METRICS"])
def test_a_query_finds_its_tables(ask: Ask, tables: str) -> None:
    assert [{"n": 1}] == ask("SELECT 1 AS n")
    assert [{"n": 0}] == ask(f"SELECT count(*) AS n FROM {tables}")
    assert [{"n": 0}] == ask(f"SELECT count(*) AS n FROM {tables}")


def test_the_catalogue_has_all_tables(ask: Ask) -> None:
    ask("SELECT 1 AS n")
    rows = ask("SELECT table_name AS n FROM information_schema.tables WHERE table_type = 'VIEW'")

    assert {"records", "records_all", "metrics"} <= {row["n"] for row in rows}  # type: ignore[index]
