"""``level`` compares with its names: they become its numbers.

https://logfire.pydantic.dev/docs/reference/sql/#level
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from sqlglot import TokenType

from telemetry.errors import InvalidSql
from telemetry.sql.schema import LEVELS
from telemetry.sql.scopes import find_base_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.sql.tokens import Tokens

COLUMN: Final = "level"

_COMPARISONS: Final = {
    TokenType.EQ,
    TokenType.NEQ,
    TokenType.LT,
    TokenType.LTE,
    TokenType.GT,
    TokenType.GTE,
}
_ALIASING: Final = frozenset({"AS"})


def find_level_names(tokens: Tokens) -> dict[int, str]:
    """Find the names that are compared with ``level``.

    Returns:
        The number, as text, by the index of each such literal.

    Raises:
        InvalidSql: There is no level of that name.
    """
    places = [
        index
        for index in range(len(tokens))
        if tokens.is_name(index, COLUMN)
        and tokens.type(index + 1) is not TokenType.L_PAREN
        and tokens.word(index - 1) not in _ALIASING
    ]
    if not places or not any(tokens.string(index) is not None for index in range(len(tokens))):
        return {}
    numbers: dict[int, str] = {}
    derived = _find_derived(tokens)
    for place in places:
        if place not in derived:
            for literal in _compared_with(tokens, place):
                numbers[literal] = _number_of(tokens, literal)
    return numbers


def _find_derived(tokens: Tokens) -> set[int]:
    """Return where ``level`` is what the query itself calls so, perhaps a text."""
    if not any(
        tokens.is_name(index, COLUMN) and tokens.word(index - 1) in _ALIASING
        for index in range(len(tokens))
    ):
        return set()
    base = find_base_columns(tokens.text, COLUMN)
    if base is None:
        return set()
    return {
        index
        for index in range(len(tokens))
        if tokens.is_name(index, COLUMN) and tokens[index].start not in base
    }


def _compared_with(tokens: Tokens, place: int) -> Iterator[int]:
    """Give the literals that a ``level`` is compared with, whichever way round."""
    first = place
    while tokens.type(first - 1) is TokenType.DOT and tokens.is_name(first - 2):
        first -= 2
    if tokens.word(first - 1) == "CASE":
        yield from _branches_of_case(tokens, first - 1)
    if tokens.type(first - 1) in _COMPARISONS and tokens.string(first - 2) is not None:
        yield first - 2
    yield from _behind(tokens, place + 1)


def _behind(tokens: Tokens, index: int) -> Iterator[int]:
    if tokens.word(index) == "NOT":
        index += 1
    if tokens.type(index) in _COMPARISONS:
        if tokens.word(index + 1) in {"ANY", "ALL", "SOME"}:
            yield from _strings_in(tokens, index + 2)
        elif tokens.string(index + 1) is not None:
            yield index + 1
    elif tokens.word(index) == "IN":
        yield from _strings_in(tokens, index + 1)
    elif tokens.word(index) == "BETWEEN":
        yield from (
            bound
            for bound, before in ((index + 1, index), (index + 3, index + 2))
            if tokens.string(bound) is not None and tokens.word(before) in {"BETWEEN", "AND"}
        )
    elif tokens.word(index) == "IS":
        from_ = next((i for i in range(index, index + 4) if tokens.word(i) == "FROM"), None)
        if from_ is not None and tokens.string(from_ + 1) is not None:
            yield from_ + 1


def _strings_in(tokens: Tokens, opening: int) -> Iterator[int]:
    end = tokens.closing.get(opening, opening)
    if tokens.word(opening + 1) in {"SELECT", "WITH"}:
        return
    yield from (index for index in range(opening, end) if tokens.string(index) is not None)


def _branches_of_case(tokens: Tokens, case: int) -> Iterator[int]:
    index = case + 1
    while index < tokens.closing[case]:
        if tokens.word(index) == "WHEN" and tokens.string(index + 1) is not None:
            yield index + 1
        index = tokens.closing.get(index, index) + 1


def _number_of(tokens: Tokens, literal: int) -> str:
    name = tokens.string(literal) or ""
    number = LEVELS.get(name.lower())
    if number is not None:
        return str(number)
    line, column = tokens.place(literal)
    nearest = get_close_matches(name.lower(), LEVELS, n=1)
    raise InvalidSql(
        f"there is no level {name!r}" + (f"; nearest: {nearest[0]!r}" if nearest else ""),
        line=line,
        column=column,
        hint=f"Levels are {', '.join(LEVELS)}",
    )
