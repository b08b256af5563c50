"""Turning an alert's query into one that answers for all its runs at once.

Each row is given to all the runs whose window holds it: by joining a short series of steps to the
rows that the query's own WHERE leaves. The time of the run becomes a key of the groups, and what
``now()`` means. It is spliced into the text, so that everything else stays as it is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from sqlglot import TokenType

from telemetry.errors import InvalidSql
from telemetry.sql.checks import INTERNAL
from telemetry.sql.functions import write_date, write_instant
from telemetry.sql.operands import quote_name
from telemetry.sql.pieces import join
from telemetry.sql.schema import TABLES
from telemetry.sql.select_lists import alias_start, find_items, name_of_item
from telemetry.sql.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

AT: Final = "mystage_at"
"""The column that says which run a row is of: seconds since 1970."""

_STEPS: Final = "mystage_steps"
_STEP: Final = "mystage_step"
_ATTRIBUTES: Final = "attributes"
_NOW: Final = "now"

_TYPE_OF_NOW: Final = 'Timestamp(Nanosecond, Some("+00:00"))'

_TIME_COLUMNS: Final = {table.name: table.time_column for table in TABLES}
_CLAUSES: Final = (
    TokenType.FROM, TokenType.WHERE, TokenType.GROUP_BY, TokenType.HAVING, TokenType.ORDER_BY,
    TokenType.LIMIT,
)  # fmt: skip
"""What a query may have behind its list, in this order."""

_TOO_MUCH: Final = {
    "WITH": "it has a WITH",
    "JOIN": "it joins tables",
    "LATERAL": "it joins tables",
    "OVER": "it has a window function",
    "WINDOW": "it has a window function",
    "QUALIFY": "it has a window function",
    "UNION": "it puts together several SELECTs",
    "INTERSECT": "it puts together several SELECTs",
    "EXCEPT": "it puts together several SELECTs",
    "OFFSET": "it has an OFFSET",
    "FETCH": "it has a FETCH",
    "ROLLUP": "it groups in several ways",
    "CUBE": "it groups in several ways",
    "GROUPING SETS": "it groups in several ways",
    "GROUPING": "it groups in several ways",
    "UNNEST": "it makes several rows of one",
    "RANDOM": "it depends on chance",
    "UUID": "it depends on chance",
    "CURRENT_DATE": "it asks for the date, and not for now()",
    "TODAY": "it asks for the date, and not for now()",
    "CURRENT_TIME": "it asks for the time of day, and not for now()",
    "LOCALTIME": "it asks for the time of day, and not for now()",
    "LOCALTIMESTAMP": "it asks for the time of day, and not for now()",
}

_AGGREGATES: Final = frozenset({
    "approx_distinct", "approx_median", "approx_percentile_cont",
    "approx_percentile_cont_with_weight", "array_agg", "avg", "bit_and", "bit_or", "bit_xor",
    "bool_and", "bool_or", "corr", "count", "covar", "covar_pop", "covar_samp", "first_value",
    "last_value", "max", "mean", "median", "metric_increase", "metric_merge", "metric_quantile",
    "metric_rate", "min", "nth_value", "percentile_cont", "quantile_cont", "regr_avgx",
    "regr_avgy", "regr_count", "regr_intercept", "regr_r2", "regr_slope", "regr_sxx", "regr_sxy",
    "regr_syy", "stddev", "stddev_pop", "stddev_samp", "string_agg", "sum", "var", "var_pop",
    "var_population", "var_samp", "var_sample",
})  # fmt: skip
"""A query with one that is missing here is refused by the engine, and run otherwise.

https://datafusion.apache.org/user-guide/sql/aggregate_functions.html
"""


class NotOnePass(InvalidSql):
    """Say why a query cannot answer for all runs at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnePass:
    """Hold a query that answers for all runs from a first to a last one.

    Attributes:
        always_answers: Whether a run returns a row, or nothing for its HAVING, even of no rows.
        mentions_now: Whether the answer depends on the time.
        limit: How many rows of a run count; None for all.
    """

    always_answers: bool
    mentions_now: bool
    limit: int | None
    _select: str
    _source: str
    _condition: str
    _behind: str
    _at: str

    def write(self, first: datetime, last: datetime) -> str:
        """Return the query for runs between two; in each row ``AT`` is the run."""
        where = self._between(first, last)
        return f"SELECT {self._select},\n{self._at} AS {AT}\n{self._source}\n{where}{self._behind}"

    def write_occupied(self, first: datetime, last: datetime) -> str:
        """Return a query for which of the runs have rows to look at."""
        where = self._between(first, last)
        return f"SELECT DISTINCT {self._at} AS {AT}\n{self._source}\n{where}"

    def _between(self, first: datetime, last: datetime) -> str:
        begin, end = int(first.timestamp()), int(last.timestamp())
        return f"{self._condition}\nAND {self._at} BETWEEN {begin} AND {end}"


def make_one_pass(
    sql: str, *, every: timedelta, window: timedelta, watermark: timedelta
) -> OnePass:
    """Turn an alert's query into one for all its runs.

    Raises:
        NotOnePass: It has more to it than one table, conditions and groups.
        InvalidSql: It is no SQL.
    """
    tokens = Tokens(sql)
    _refuse_too_much(tokens)
    clauses = _find_clauses(tokens)
    table, prefix = _read_table(tokens, clauses[TokenType.FROM])
    step, length, wait = (int(each.total_seconds()) for each in (every, window, watermark))
    time = f"{prefix}.{_TIME_COLUMNS[table]}"
    # As many nanoseconds as are missing to the next run: what is on time belongs to that one.
    at = (
        f"(to_unixtime(date_bin(INTERVAL '{step} seconds', {time}"
        f" + INTERVAL '{wait + step - 1}.999999999 seconds')) + {_STEPS}.{_STEP})"
    )
    now = f"arrow_cast(to_timestamp_seconds({at} - {wait}), '{_TYPE_OF_NOW}')"

    def written(kind: TokenType) -> str:
        part = clauses.get(kind, range(0))
        return _write(tokens, range(part.start + 1, part.stop), prefix, now) if part else ""

    source = tokens.source(clauses[TokenType.FROM].start + 1, clauses[TokenType.FROM].stop)
    having, groups, order = map(written, (TokenType.HAVING, TokenType.GROUP_BY, TokenType.ORDER_BY))
    is_aggregate = bool(groups or having) or _has_aggregate(tokens, clauses[TokenType.SELECT])
    limit = _read_limit(tokens, clauses.get(TokenType.LIMIT))
    keys = f"{groups},\n{at}" if groups else at
    return OnePass(
        always_answers=is_aggregate and not groups,
        mentions_now=any(_is_now(tokens, index) for index in range(len(tokens))),
        limit=limit,
        _select=_write_list(tokens, clauses[TokenType.SELECT], prefix, now),
        _source=f"FROM {source}\nCROSS JOIN {_write_steps(length, step)}",
        _condition=(
            f"WHERE ({written(TokenType.WHERE) or 'true'}\n)"
            f" AND {time} > to_timestamp_seconds({at} - {wait + length})"
        ),
        _behind=(f"\nGROUP BY {keys}" if is_aggregate else "")
        + (f"\nHAVING {having}" if having else "")
        # Without a limit all rows count, in any order.
        + (f"\nORDER BY {AT}, {order}" if order and limit is not None else ""),
        _at=at,
    )


def _write_steps(length: int, step: int) -> str:
    """Return a table of how much later than the first each run is that sees a row."""
    last = (length - 1) // step * step
    series = f"generate_series(0, {last}, {step})"
    return f"(SELECT value AS {_STEP} FROM {series}) AS {_STEPS}"  # noqa: S608 - all are ours


def bind_now(sql: str, now: datetime) -> str:
    """Return a query with a moment in the place of ``now()`` and of the date.

    Raises:
        InvalidSql: It is no SQL.
    """
    tokens = Tokens(sql)

    def replace(index: int) -> tuple[str, int] | None:
        if _is_now(tokens, index):
            return write_instant(now), _end_of_call(tokens, index)
        is_call = tokens.type(index + 1) is TokenType.L_PAREN and not _is_part(tokens, index)
        if tokens.word(index) == "CURRENT_DATE" or (tokens.word(index) == "TODAY" and is_call):
            return write_date(now), _end_of_call(tokens, index)
        return None

    return _splice(tokens, range(len(tokens)), replace)


def _refuse_too_much(tokens: Tokens) -> None:
    if tokens.word(0) != "SELECT":
        raise NotOnePass(_TOO_MUCH.get(tokens.word(0), "it begins with no SELECT"))
    if tokens.word(1) == "DISTINCT" and tokens.word(2) == "ON":
        raise NotOnePass("it has a DISTINCT ON")
    for index in range(1, len(tokens)):
        word = " ".join(tokens.word(index).split())
        if word == "SELECT":
            raise NotOnePass("it has a subquery")
        if word in _TOO_MUCH:
            raise NotOnePass(_TOO_MUCH[word])
        if tokens.type(index) is TokenType.GROUP_BY and tokens.closing.get(index + 1) == index + 2:
            raise NotOnePass("it groups by nothing")
        if tokens.type(index) is TokenType.SEMICOLON and index < len(tokens) - 1:
            raise NotOnePass("it is several statements")
        if tokens.is_name(index) and tokens.name(index).startswith(("mystage_", INTERNAL)):
            raise NotOnePass(f"it uses {tokens.name(index)}, a name that is ours")


def _find_clauses(tokens: Tokens) -> dict[TokenType, range]:
    """Return the tokens of each clause, its word first."""
    end = len(tokens) - (tokens.type(len(tokens) - 1) is TokenType.SEMICOLON)
    starts = [0]
    starts += (
        index
        for index in range(1, end)
        if tokens.enclosing[index] is None
        and tokens.type(index) in _CLAUSES
        and tokens.word(index - 1) != "DISTINCT"  # as in IS DISTINCT FROM
    )
    kinds = [tokens[start].type for start in starts[1:]]
    if TokenType.FROM not in kinds:
        raise NotOnePass("it has no table")
    if sorted(set(kinds), key=_CLAUSES.index) != kinds:
        raise NotOnePass("its clauses are in no order that is known")
    return {tokens[start].type: range(start, stop) for start, stop in pairwise([*starts, end])}


def _read_table(tokens: Tokens, clause: range) -> tuple[str, str]:
    """Return the table that is read, and what its columns are qualified with."""
    first = clause.start + 1
    name = tokens.name(first) if tokens.is_name(first) else ""
    alias = [index for index in range(first + 1, clause.stop) if tokens.word(index) != "AS"]
    if name not in _TIME_COLUMNS or len(alias) > 1 or not all(map(tokens.is_name, alias)):
        raise NotOnePass("it reads something else than one table")
    return name, tokens.source(alias[0], alias[0] + 1) if alias else name


def _has_aggregate(tokens: Tokens, clause: range) -> bool:
    return any(
        tokens.type(index + 1) is TokenType.L_PAREN
        and tokens.source(index, index + 1).strip('"').lower() in _AGGREGATES
        for index in clause
    )


def _read_limit(tokens: Tokens, clause: range | None) -> int | None:
    if clause is None:
        return None
    if len(clause) != 2 or not tokens.word(clause.start + 1).isdecimal():  # noqa: PLR2004 - and its number
        raise NotOnePass("its LIMIT is no number")
    return int(tokens.word(clause.start + 1))


def _write_list(tokens: Tokens, clause: range, prefix: str, now: str) -> str:
    """Return the list of the SELECT; what has no alias keeps its name though its text changes."""
    start, items = find_items(tokens, clause.start + 1, clause.stop)
    written = []
    for item in items:
        if not item:
            raise NotOnePass("an item of its list is empty")
        if TokenType.STAR in (tokens.type(item.start), tokens.type(item.stop - 1)):
            raise NotOnePass("it selects *")
        alias = alias_start(tokens, item)
        if alias is not None and tokens.name(item.stop - 1) == _ATTRIBUTES:
            raise NotOnePass("it gives another column the name attributes")
        body = range(item.start, alias if alias is not None else item.stop)
        text = _write(tokens, body, prefix, now)
        if alias is not None:
            text += f" {tokens.source(alias, item.stop)}"
        elif text != tokens.source(item.start, item.stop):
            text += f" AS {quote_name(name_of_item(tokens, item))}"
        written.append(text)
    leading = tokens.source(clause.start + 1, start)
    return f"{leading} {f',{chr(10)}'.join(written)}"


def _write(tokens: Tokens, part: range, prefix: str, now: str) -> str:
    """Return a part of the query, with the run's time for ``now()``.

    ``attributes`` is qualified, so that it is seen to be the table's own though there is a join:
    else each lookup would read JSON.
    """

    def replace(index: int) -> tuple[str, int] | None:
        if _is_now(tokens, index):
            return now, _end_of_call(tokens, index)
        is_column = tokens.is_name(index, _ATTRIBUTES) and not _is_part(tokens, index)
        return (f"{prefix}.{_ATTRIBUTES}", index + 1) if is_column else None

    return _splice(tokens, part, replace)


def _splice(tokens: Tokens, part: range, replace: Callable[[int], tuple[str, int] | None]) -> str:
    """Return a part of the query with some tokens replaced, each by a text up to another token."""
    pieces = []
    index = part.start
    while index < part.stop:
        if index > part.start:
            pieces.append(tokens.gap(index))
        replaced = replace(index)
        if replaced is None:
            pieces.append(tokens.piece(index, index + 1))
            index += 1
        else:
            pieces.append(tokens.new(replaced[0], index))
            index = replaced[1]
    return join(pieces)


def _is_now(tokens: Tokens, index: int) -> bool:
    if tokens.word(index) == "CURRENT_TIMESTAMP":
        return True
    is_call = tokens.type(index + 1) is TokenType.L_PAREN and not _is_part(tokens, index)
    return is_call and tokens.word(index).lower() == _NOW


def _is_part(tokens: Tokens, index: int) -> bool:
    """Tell whether a token is a part of a longer name."""
    return TokenType.DOT in (tokens.type(index - 1), tokens.type(index + 1))


def _end_of_call(tokens: Tokens, index: int) -> int:
    return tokens.closing.get(index + 1, index) + 1
