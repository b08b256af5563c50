"""Whether an alert's rows are those that a test expects."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CLOSE: Final[dict[str, Any]] = {"rel_tol": 1e-9, "abs_tol": 1e-9}


def match(
    wanted: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]
) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Return the wanted rows that none of the rows is, and the rows that were not wanted.

    Each row is taken for one wanted row at most; one that is taken is given up where another would
    do as well, so that the order of neither decides.
    """
    taken: dict[int, int] = {}
    likes = [
        [index for index, row in enumerate(rows) if is_like(row, wanted_row)]
        for wanted_row in wanted
    ]
    missing = [row for number, row in enumerate(wanted) if not _take(number, likes, taken, set())]
    return missing, [row for index, row in enumerate(rows) if index not in taken]


def _take(
    number: int, likes: Sequence[Sequence[int]], taken: dict[int, int], tried: set[int]
) -> bool:
    """Take a row for a wanted one; where all are taken, have others take another."""
    for index in likes[number]:
        if index in tried:
            continue
        tried.add(index)
        if index not in taken or _take(taken[index], likes, taken, tried):
            taken[index] = number
            return True
    return False


def is_like(row: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Say whether a row has all that is wanted of it; it may have more."""
    return all(key in row and equals(row[key], value) for key, value in wanted.items())


def equals(value: Any, wanted: Any) -> bool:
    """Say whether a value is the wanted one: numbers nearly, times however they are written."""
    if isinstance(wanted, bool) or isinstance(value, bool):
        return value is wanted
    if isinstance(wanted, int | float) and isinstance(value, int | float):
        return math.isclose(value, wanted, **_CLOSE)
    if isinstance(wanted, str) and isinstance(value, str) and value != wanted:
        moment = _moment(wanted)
        return moment is not None and moment == _moment(value)
    if isinstance(wanted, list) and isinstance(value, list):
        return len(value) == len(wanted) and all(map(equals, value, wanted))
    return bool(value == wanted)


def _moment(text: str) -> datetime | None:
    if "T" not in text:  # a date alone is a text like any other
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
