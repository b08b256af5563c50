"""Functions that Logfire has and DataFusion has not, or has otherwise."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

from telemetry.errors import InvalidSql
from telemetry.sql.operands import JSON_KEY, encode_path, quote
from telemetry.sql.schema import LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from telemetry.sql.pieces import Piece
    from telemetry.sql.tokens import Tokens

MONDAY: Final = "TIMESTAMP '1970-01-05T00:00:00Z'"
"""Where buckets begin, so that those of a week begin on Mondays."""

FIRST_OF_MONTH: Final = "TIMESTAMP '1970-01-01T00:00:00Z'"
"""The same for buckets of months and years."""

_MONTHS: Final = re.compile(
    r"(?<![a-z])(mon(th)?s?|y(ea)?rs?|quarters?|decades?|centur(y|ies))\b", re.IGNORECASE
)

CASTABLE: Final = frozenset({"json_get", "json_as_text"})
"""What gives text for casts to fail softly on, as ``->`` and ``->>`` do."""

_METRIC_MERGING: Final = {"metric_merge": 1, "metric_quantile": 2}
_METRIC_OVER_TIME: Final = {"metric_rate": 2, "metric_increase": 2}


class Walker(Protocol):
    """Describe what functions need of the walk."""

    tokens: Tokens
    now: datetime | None

    def walk(self, first: int, end: int) -> list[Piece]:
        """Rewrite a range of tokens."""


class Call:
    """Hold a call that is to be rewritten.

    Args:
        walker: What rewrites the arguments.
        name: Of the function, in lower case.
        index: The token of its name.
    """

    def __init__(self, walker: Walker, name: str, index: int) -> None:
        self.walker = walker
        self.tokens = walker.tokens
        self.name = name
        self.index = index
        self.opening = index + 1
        self.closing = walker.tokens.closing[self.opening]
        self.arguments = list(walker.tokens.split(self.opening + 1, self.closing))
        self.end = self.closing + 1
        """Where what follows begins; further on where a FILTER was taken along."""

    def argument(self, number: int) -> list[Piece]:
        """Return an argument, rewritten."""
        argument = self.arguments[number]
        return self.walker.walk(argument.start, argument.stop)

    def literal(self, number: int) -> str | None:
        """Return what an argument says, where it is one string literal."""
        argument = self.arguments[number]
        return self.tokens.string(argument.start) if len(argument) == 1 else None

    def new(self, text: str) -> Piece:
        """Return text of ours in its place."""
        return self.tokens.new(text, self.index)

    def expect(self, *counts: int) -> None:
        """Make sure that it has so many arguments.

        Raises:
            InvalidSql: It has not.
        """
        if len(self.arguments) not in counts:
            wanted = " or ".join(map(str, counts))
            raise self.wrong(f"{self.name} takes {wanted} arguments, not {len(self.arguments)}")

    def wrong(self, message: str) -> InvalidSql:
        """Return an error at its place."""
        line, column = self.tokens.place(self.index)
        return InvalidSql(message, line=line, column=column)

    def take_filter(self) -> list[Piece]:
        """Return the FILTER behind it, rewritten, for the aggregate within.

        Raises:
            InvalidSql: It is used as a window function.
        """
        tokens = self.tokens
        pieces: list[Piece] = []
        if tokens.word(self.end) == "FILTER" and self.end + 1 in tokens.closing:
            closing = tokens.closing[self.end + 1]
            pieces = [self.new(" "), *self.walker.walk(self.end, closing + 1)]
            self.end = closing + 1
        if tokens.word(self.end) == "OVER":
            raise self.wrong(
                f"{self.name} cannot be used as a window function: group by time_bucket instead"
            )
        return pieces


def _time_bucket(call: Call) -> list[Piece]:
    call.expect(2)
    interval = call.literal(0)
    width = call.argument(0) if interval is None else [call.new(f"INTERVAL {quote(interval)}")]
    written = call.tokens.source(call.arguments[0].start, call.arguments[0].stop)
    origin = FIRST_OF_MONTH if _MONTHS.search(written) else MONDAY
    return [
        call.new("date_bin("),
        *width,
        call.new(", "),
        *call.argument(1),
        call.new(f", {origin})"),
    ]


def _level_num(call: Call) -> list[Piece] | None:
    call.expect(1)
    number = LEVELS.get(call.literal(0) or "")
    return None if number is None else [call.new(str(number))]


def _metric_merging(call: Call) -> list[Piece]:
    call.expect(_METRIC_MERGING[call.name])
    _refuse_distinct(call)
    leading = [*call.argument(0), call.new(", ")] if len(call.arguments) > 1 else []
    value = call.argument(len(call.arguments) - 1)
    return [
        call.new(f"_lf_{call.name}("),
        *leading,
        call.new("array_agg("),
        *value,
        call.new(")"),
        *call.take_filter(),
        call.new(")"),
    ]


def _metric_over_time(call: Call) -> list[Piece]:
    call.expect(_METRIC_OVER_TIME[call.name])
    _refuse_distinct(call)
    return [
        call.new(f"_lf_{call.name}(array_agg(named_struct('v', "),
        *call.argument(0),
        call.new(", 't', "),
        *call.argument(1),
        call.new("))"),
        *call.take_filter(),
        call.new(")"),
    ]


def _refuse_distinct(call: Call) -> None:
    for index in range(call.opening + 1, call.closing):
        word = call.tokens.word(index)
        if word in {"DISTINCT", "ALL", "ORDER BY"} and call.tokens.enclosing[index] == call.opening:
            raise call.wrong(f"{call.name} takes no {word}")


def _json_function(call: Call) -> list[Piece]:
    """Give the keys as one path, for functions of ours have a fixed number of arguments."""
    if len(call.arguments) < 1:
        raise call.wrong(f"{call.name} takes a JSON text, then keys")
    target = _JSON_FUNCTIONS[call.name]
    keys = [
        call.tokens.key(argument.start) if len(argument) == 1 else None
        for argument in call.arguments[1:]
    ]
    if all(key is not None for key in keys):
        path = tuple(key for key in keys if key is not None)
        return [
            call.new(f"{target}("),
            *call.argument(0),
            call.new(f", {quote(encode_path(path))})"),
        ]
    # A key that the query computes: one lookup inside the other.
    pieces = call.argument(0)
    for number in range(1, len(call.arguments)):
        function = target if number == len(call.arguments) - 1 else "_lf_json_get"
        pieces = [
            call.new(f"{function}("),
            *pieces,
            call.new(f", {JSON_KEY}("),
            *call.argument(number),
            call.new("))"),
        ]
    return pieces


def _extract(call: Call) -> list[Piece] | None:
    first = call.opening + 1
    part = call.tokens.string(first) or call.tokens.word(first)
    if part.upper() != "EPOCH" or call.tokens.word(first + 1) != "FROM":
        return None
    return _epoch(call, range(first + 2, call.closing))


def _date_part(call: Call) -> list[Piece] | None:
    if len(call.arguments) != 2 or (call.literal(0) or "").upper() != "EPOCH":  # noqa: PLR2004 - a pair
        return None
    return _epoch(call, call.arguments[1])


def _epoch(call: Call, operand: range) -> list[Piece] | None:
    """Keep fractions, which DataFusion 52 to 55 loses of durations from 2 s up.

    With an interval of nothing added, a duration is an interval, and times, dates and intervals are
    what they were: of all of those it keeps them.
    """
    if not operand or (len(operand) == 1 and call.tokens.string(operand.start) is not None):
        return None
    return [
        call.new("date_part('epoch', ("),
        *call.walker.walk(operand.start, operand.stop),
        call.new(") + INTERVAL '0 day')"),
    ]


def _now(call: Call) -> list[Piece] | None:
    if call.walker.now is None or call.arguments:
        return None
    return [call.new(write_instant(call.walker.now))]


def _today(call: Call) -> list[Piece] | None:
    if call.walker.now is None or call.arguments:
        return None
    return [call.new(write_date(call.walker.now))]


def write_instant(instant: datetime) -> str:
    """Return an instant as SQL, of the type that ``now()`` has."""
    return f"arrow_cast('{instant.isoformat()}', 'Timestamp(Nanosecond, Some(\"+00:00\"))')"


def write_date(instant: datetime) -> str:
    """Return the date of an instant, in its own time zone, as SQL."""
    return f"DATE '{instant.date().isoformat()}'"


_JSON_FUNCTIONS: Final = {
    "json_get": "_lf_json_get",
    "json_get_str": "_lf_json_get_str",
    "json_get_int": "_lf_json_get_int",
    "json_get_float": "_lf_json_get_float",
    "json_get_bool": "_lf_json_get_bool",
    "json_get_json": "_lf_json_get_json",
    "json_as_text": "_lf_json_text",
    "json_contains": "_lf_json_contains",
    "json_length": "_lf_json_length",
}
"""https://github.com/datafusion-contrib/datafusion-functions-json"""

FUNCTIONS: Final[dict[str, Callable[[Call], list[Piece] | None]]] = {
    "time_bucket": _time_bucket,
    "level_num": _level_num,
    "extract": _extract,
    "date_part": _date_part,
    "datepart": _date_part,
    "now": _now,
    "current_timestamp": _now,
    "current_date": _today,
    "today": _today,
    **dict.fromkeys(_METRIC_MERGING, _metric_merging),
    **dict.fromkeys(_METRIC_OVER_TIME, _metric_over_time),
    **dict.fromkeys(_JSON_FUNCTIONS, _json_function),
}
"""What rewrites a call, by the function's name; None is given back where it stays as it is."""
