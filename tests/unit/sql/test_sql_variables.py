"""Dashboard variables: values come with their quotes."""

from __future__ import annotations

import pytest

from telemetry.errors import InvalidSql
from telemetry.sql.resolution import render

VALUES: dict[str, str | list[str]] = {"service": "it's", "stages": ["a", 'b"\\', "c d"]}


@pytest.mark.parametrize(
    ("sql", "rendered"),
    [
        ("SELECT time_bucket($resolution, t)", "SELECT time_bucket('5 minutes', t)"),
        ("WHERE x = $service", "WHERE x = 'it''s'"),
        ("WHERE x = ${service}", "WHERE x = 'it''s'"),
        ("x = ANY($stages::text[])", r"""x = ANY(ARRAY['a', 'b"\', 'c d']::text[])"""),
        ("SELECT '$5 and $x' -- $nope\n/* $nope */", "SELECT '$5 and $x' -- $nope\n/* $nope */"),
        ('SELECT "$service", $$ $nope $$, $t$ $nope $t$', 'SELECT "$service", $$ $nope $$, $t$ $nope $t$'),
        ("SELECT $1", "SELECT $1"),
    ],
)  # fmt: skip
def test_a_variable_becomes_a_literal(sql: str, rendered: str) -> None:
    assert rendered == render(sql, VALUES, "5 minutes")


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT\n '$service'", r"\$service stands within quotes.*line 2, column 2. Write \$service"),
        ("SELECT '%${stages}%'", r"\$stages stands within quotes"),
        ("SELECT $servise", r"\$servise has no value at line 1, column 8. Nearest: \$service"),
    ],
)  # fmt: skip
def test_a_variable_in_the_wrong_place_is_told(sql: str, message: str) -> None:
    with pytest.raises(InvalidSql, match=message):
        render(sql, VALUES)


@pytest.mark.parametrize("value", ["$x", "now()", "a)"])
def test_a_value_that_logfire_would_render_again_is_refused(value: str) -> None:
    with pytest.raises(InvalidSql, match=r"must not contain \$, \( or \)"):
        render("SELECT $v", {"v": ["fine", value]})


def test_the_resolution_is_not_to_be_declared() -> None:
    with pytest.raises(InvalidSql, match="every dashboard's own"):
        render("SELECT 1", {"resolution": "1 hour"})
