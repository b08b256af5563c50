"""Dashboard variables: what ``$resolution`` and ``$name`` become before a query is run."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from telemetry.errors import InvalidSql
from telemetry.sql.operands import quote
from telemetry.sql.pieces import place_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RESOLUTION: Final = "resolution"
"""The variable every dashboard has: how wide the buckets of its charts are."""

_FORBIDDEN: Final = re.compile(r"[$()]")
"""What the value of a variable must not contain: Logfire would render it once more."""

LEXEME: Final = re.compile(
    r"""
    (?P<quoted>'(?:[^']|'')*'?)
    | (?P<name>"(?:[^"]|"")*"?)
    | (?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
    | (?P<dollar>\$(?P<tag>[A-Za-z_]\w*)?\$.*?\$(?P=tag)?\$)
    | \$(?P<variable>[A-Za-z_]\w*)
    | \$\{(?P<braced>[A-Za-z_]\w*)\}
    """,
    re.VERBOSE | re.DOTALL,
)


def render(
    sql: str, variables: Mapping[str, str | Sequence[str]], resolution: str = "1 minute"
) -> str:
    """Put the values of variables into a query.

    A value is put in as a string literal, quotes and all; several values as the literal of an
    array, for ``= ANY($names::text[])``.

    Args:
        sql: With ``$name`` where a value belongs.
        variables: The values, by name.
        resolution: That of ``$resolution``, as ``5 minutes``.

    Raises:
        InvalidSql: A variable is unknown, stands within quotes, or has a value that it must not.
    """
    if RESOLUTION in variables:
        raise InvalidSql("$resolution is every dashboard's own: it cannot be declared or set")
    known = {RESOLUTION: resolution, **variables}

    def replace(match: re.Match[str]) -> str:
        if (quoted := match["quoted"]) is not None:
            _check_quoted(sql, match.start(), quoted, known)
            return quoted
        name = match["variable"] or match["braced"]
        return match[0] if name is None else _value_of(sql, match.start(), name, known)

    return LEXEME.sub(replace, sql)


def _check_quoted(
    sql: str, offset: int, quoted: str, known: Mapping[str, str | Sequence[str]]
) -> None:
    for name in re.findall(r"\$\{?([A-Za-z_]\w*)", quoted):
        if name in known:
            line, column = place_of(sql, offset)
            raise InvalidSql(
                f"${name} stands within quotes, and its value brings its own",
                line=line,
                column=column,
                hint=f"Write ${name}, not '${name}'",
            )


def _value_of(sql: str, offset: int, name: str, known: Mapping[str, str | Sequence[str]]) -> str:
    line, column = place_of(sql, offset)
    if name not in known:
        nearest = get_close_matches(name, known, n=1)
        raise InvalidSql(
            f"the variable ${name} has no value",
            line=line,
            column=column,
            hint=f"Nearest: ${nearest[0]}" if nearest else "",
        )
    value = known[name]
    values = [value] if isinstance(value, str) else list(value)
    for each in values:
        if _FORBIDDEN.search(each):
            raise InvalidSql(
                f"the value of ${name} must not contain $, ( or ): {each!r}",
                line=line,
                column=column,
            )
    if isinstance(value, str):
        return quote(value)
    # Not PostgreSQL's '{…}', which DataFusion casts to an array of one text.
    return f"ARRAY[{', '.join(map(quote, values))}]"
