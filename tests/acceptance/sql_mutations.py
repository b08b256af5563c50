"""Mutations of SQL: each is a mistake that somebody could make, and that a test should find."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from telemetry.sql.schema import LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

_TOKEN: Final = re.compile(
    r"""
    (?P<comment>--[^\n]*)
    | (?P<interval>interval\s+'(?P<number>\d+)\s(?P<unit>\w+)')
    | (?P<quoted>'(?:[^']|'')*')
    | (?P<position>GROUP\ BY\s+\d+(?:,\s*\d+)*|\n\s+\(\d+,|value,\ recorded_timestamp\))
    | (?P<limit>LIMIT\s+(?P<most>\d+))
    | (?P<descending>\s+DESC\b)
    | (?P<ascending>ORDER\ BY\s+[\w.]+)(?![\w.]|\s+DESC)
    | (?P<aggregate>\b(?:sum|max|min|bool_or|last_value|metric_increase)\()
    | (?P<counted>\bcount\((?:\*\)|DISTINCT\s))
    | (?P<arrow>->>?)
    | (?P<comparison><=|>=|<>|<|>|=)
    | (?P<default>,\s(?P<last>\d+)\))
    | (?P<decimal>\d+\.\d+)
    | (?P<word>\w*[A-Za-z_]\w*)
    | (?P<integer>\d+)
    """,
    re.VERBOSE,
)
"""What is mutated, and what only looks like it: which column is grouped by and where a stage is in
a list that a template wrote are no thresholds, and the points of our counters are deltas, which
make the same sum in any order."""

NUMBERS: Final = ("interval", "comparison", "quoted", "integer", "decimal", "default")
"""The kinds of mistakes that change when an alert fires."""

ALL: Final = (*NUMBERS, "limit", "descending", "ascending", "aggregate", "counted", "word")
"""All kinds of mistakes: also those that change what rows look like and how many there are."""

_FLIPPED: Final = {
    ">": (">=", "<="),
    ">=": (">", "<"),
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    "=": ("<>",),
    "<>": ("=",),
}
_HALVES: Final = {"day": "12 hours", "hour": "30 minutes"}
_OTHERS: Final = {
    "sum(": "max(",
    "max(": "min(",
    "min(": "max(",
    "bool_or(": "bool_and(",
    "last_value(": "first_value(",
    "metric_increase(": "metric_rate(",
    "count(*)": "min(1)",
    "count(DISTINCT ": "count(",
    "start_timestamp": "end_timestamp",
    "end_timestamp": "start_timestamp",
    "recorded_timestamp": "start_timestamp",
    "trace_id": "span_id",
    "service_name": "span_name",
    "exception_message": "exception_type",
    "otel_status_message": "otel_status_code",
    "duration": "(duration / 2)",
}
"""What is written in the place of an aggregate or a column: one that is as good to the engine."""

_FAR: Final = 150
"""How far the last argument of a function is moved: a value in the place of NULL has to become one
that counts."""


def mutate_sql(sql: str, kinds: Collection[str]) -> Iterator[tuple[str, str]]:
    """Give every mutation of a query: the mistake, and the query that has it.

    Args:
        sql: The query.
        kinds: Of mistakes.
    """
    for found in _TOKEN.finditer(sql):
        kind = found.lastgroup or ""
        if kind not in kinds:
            continue
        line = sql.count("\n", 0, found.start()) + 1
        for text in _CHANGES[kind](found):
            mutated = sql[: found.start()] + text + sql[found.end() :]
            yield f"line {line}: {found[0].strip()} becomes {text.strip() or '-'}", mutated


def _change_interval(number: int, unit: str) -> tuple[str, ...]:
    half = _HALVES[unit] if number == 1 else f"{number // 2} {unit}"
    return f"interval '{half}'", f"interval '{number * 2} {unit}'"


def _change_number(text: str) -> tuple[str, ...]:
    if "." in text:
        return f"{float(text) * 0.95:g}", f"{float(text) * 1.05:g}"
    return str(int(text) - 1), str(int(text) + 1)


def _change_text(text: str) -> tuple[str, ...]:
    if text in LEVELS:
        names = list(LEVELS)
        at = names.index(text)
        return f"'{names[at - 1]}'", f"'{names[at + 1]}'"
    return (f"'{text[1:] or 'x'}'",)


def _move_default(found: re.Match[str]) -> tuple[str, ...]:
    last = int(found["last"])
    return f", {last - _FAR})", f", {last + _FAR})"


def _move_limit(found: re.Match[str]) -> tuple[str, ...]:
    most = int(found["most"])
    return f"LIMIT {most - 1}", f"LIMIT {most + 1}"


def _exchange(found: re.Match[str]) -> tuple[str, ...]:
    return (_OTHERS[found[0]],) if found[0] in _OTHERS else ()


_CHANGES: Final[Mapping[str, Callable[[re.Match[str]], tuple[str, ...]]]] = {
    "interval": lambda found: _change_interval(int(found["number"]), found["unit"]),
    "comparison": lambda found: _FLIPPED[found[0]],
    "quoted": lambda found: _change_text(found[0][1:-1]),
    "integer": lambda found: _change_number(found[0]),
    "decimal": lambda found: _change_number(found[0]),
    "default": _move_default,
    "limit": _move_limit,
    "descending": lambda _: ("",),
    "ascending": lambda found: (f"{found[0]} DESC",),
    "aggregate": _exchange,
    "counted": _exchange,
    "word": _exchange,
}
