"""``level`` compares with names, in every form."""

from __future__ import annotations

import pytest

from telemetry.errors import InvalidSql
from telemetry.sql.rewrite import rewrite


@pytest.mark.parametrize(
    ("condition", "rewritten"),
    [
        ("level = 'error'", "level = 17"),
        ("level>='warn'", "level>=13"),
        ("'warn' <= level", "13 <= level"),
        ("level != 'info'", "level != 9"),
        ("level <> 'info'", "level <> 9"),
        ("level IN ('trace', 'debug')", "level IN (1, 5)"),
        ("level NOT IN ('warn')", "level NOT IN (13)"),
        ("level BETWEEN 'info' AND 'error'", "level BETWEEN 9 AND 17"),
        ("level NOT BETWEEN 'notice' AND 21", "level NOT BETWEEN 10 AND 21"),
        ("level IS DISTINCT FROM 'fatal'", "level IS DISTINCT FROM 21"),
        ("level IS NOT DISTINCT FROM 'fatal'", "level IS NOT DISTINCT FROM 21"),
        ("level = ANY(ARRAY['warn', 'error'])", "level = ANY(ARRAY[13, 17])"),
        ("r.level > 'INFO'", "r.level > 9"),
        ("\"level\" > 'info'", '"level" > 9'),
        ("r.\"level\" > 'info' AND message > 'info'", "r.\"level\" > 9 AND message > 'info'"),
        ("CASE level WHEN 'error' THEN 'a' END = 'a'", "CASE level WHEN 17 THEN 'a' END = 'a'"),
        # Not the column:
        ("message = 'level' AND x = 'error'", "message = 'level' AND x = 'error'"),
        ("level(x) = 'error'", "level(x) = 'error'"),
        ("level_name(level) = 'error'", "level_name(level) = 'error'"),
        ("attributes->>'level' = 'error'", "_lf_json_text(attributes, '[\"level\"]') = 'error'"),
        ("level >= 17", "level >= 17"),
    ],
)
def test_names_become_numbers_where_they_are_compared_with_level(
    condition: str, rewritten: str
) -> None:
    assert (
        f"SELECT 1 FROM records r WHERE {rewritten}"
        == rewrite(f"SELECT 1 FROM records r WHERE {condition}").sql
    )


def test_a_level_that_the_query_makes_itself_is_left_alone() -> None:
    sql = (
        "WITH named AS (SELECT level_name(level) AS level FROM records WHERE level > 'info')"
        " SELECT n.level FROM named n JOIN records r ON true"
        " WHERE n.level = 'error' AND r.level = 'error'"
    )

    assert (
        sql.replace("level > 'info'", "level > 9").replace("r.level = 'error'", "r.level = 17")
        == rewrite(sql).sql
    )


def test_an_unknown_level_is_told_with_the_nearest_and_all() -> None:
    with pytest.raises(InvalidSql) as refused:
        rewrite("SELECT 1 FROM records\nWHERE level = 'eror'")

    assert (
        "there is no level 'eror'; nearest: 'error' at line 2, column 15."
        " Levels are trace, debug, info, notice, warn, error, fatal"
    ) == str(refused.value)
