"""``level`` compares with its names: they become its numbers.

https://logfire.pydantic.dev/docs/reference/sql/#level
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from sqlglot import TokenType

from telemetry.errors import InvalidSql
from telemetry.sql.schema import LEVELS
from telemetry.sql.scopes import find_computed_columns
from telemetry.sql.words import OPERAND_ENDS

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
_TIGHTER: Final = {
    TokenType.DPIPE, TokenType.ARROW, TokenType.DARROW, TokenType.PLACEHOLDER, TokenType.PLUS,
    TokenType.DASH, TokenType.STAR, TokenType.SLASH, TokenType.MOD, TokenType.L_BRACKET,
}  # fmt: skip
"""What binds tighter than a comparison, so that a literal beside it is only part of an operand."""

_BRACKET: Final = TokenType.L_PAREN
_TAKING_BRACKETS: Final = frozenset({"IN", "ANY", "ALL", "SOME", "VALUES", "OVER", "FILTER", "BY"})
_LEVELS_OF_GROUPS: Final = frozenset({"MAX", "MIN"})
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
    compared = {place: list(_compared_with(tokens, place)) for place in places}
    if not any(compared.values()):
        return {}
    derived = _find_derived(tokens)
    for place, literals in compared.items():
        if place not in derived:
            for literal in literals:
                numbers[literal] = _number_of(tokens, literal)
    return numbers


def _find_derived(tokens: Tokens) -> frozenset[int]:
    """Return where ``level`` is what the query itself calls so, and perhaps a text."""
    if not any(tokens.is_name(i, COLUMN) and _names(tokens, i) for i in range(len(tokens))):
        return frozenset()
    offsets = find_computed_columns(tokens.text, COLUMN)
    return frozenset(
        index
        for index in range(len(tokens))
        if tokens.is_name(index, COLUMN) and tokens[index].start in offsets
    )


def _names(tokens: Tokens, index: int) -> bool:
    """Tell whether a name may be one that the query gives: an alias, or one of a list of them."""
    if tokens.word(index - 1) == "AS" or tokens.type(index - 1) in OPERAND_ENDS:
        return True
    opening = tokens.enclosing[index]
    if opening is None:
        return False
    return tokens.word(opening - 2) == "AS" or (
        tokens.is_name(opening - 1)
        and (
            tokens.type(opening - 2) is TokenType.R_PAREN
            or _is_cte(tokens, tokens.closing[opening] + 1)
        )
    )


def _is_cte(tokens: Tokens, index: int) -> bool:
    """Tell whether the query of a WITH begins at a token."""
    return tokens.word(index) == "AS" and (
        tokens.type(index + 1) is _BRACKET or tokens.word(index + 1) in {"NOT", "MATERIALIZED"}
    )


def _compared_with(tokens: Tokens, place: int) -> Iterator[int]:
    """Give the literals that a ``level`` is compared with, whichever way round."""
    first, last = _widen(tokens, place)
    if tokens.word(first - 1) == "CASE":
        yield from _branches_of_case(tokens, first - 1)
    if tokens.type(first - 1) in _COMPARISONS:
        literal = first - 2
        if _is_literal(tokens, literal) and tokens.type(literal - 1) not in _TIGHTER:
            yield literal
    if tokens.type(first - 1) not in _TIGHTER:
        yield from _behind(tokens, last + 1)


def _widen(tokens: Tokens, place: int) -> tuple[int, int]:
    """Return the first and last token of a ``level`` with its table, brackets, ``max`` or ``min``.

    The greatest or least level of a group is one itself.
    """
    first = last = place
    while tokens.type(first - 1) is TokenType.DOT and tokens.is_name(first - 2):
        first -= 2
    while tokens.closing.get(first - 1) == last + 1 and tokens.type(first - 1) is _BRACKET:
        if tokens.word(first - 2) in _LEVELS_OF_GROUPS:
            return first - 2, last + 1
        if tokens.is_name(first - 2) or tokens.word(first - 2) in _TAKING_BRACKETS:
            break
        first, last = first - 1, last + 1
    return first, last


def _is_literal(tokens: Tokens, index: int) -> bool:
    """Tell whether a token is the name of a level, and no number in quotes."""
    text = tokens.string(index)
    return text is not None and not text.strip().lstrip("+-").isdigit()


def _behind(tokens: Tokens, index: int) -> Iterator[int]:
    if tokens.word(index) == "NOT":
        index += 1
    if tokens.type(index) in _COMPARISONS:
        if tokens.word(index + 1) in {"ANY", "ALL", "SOME"}:
            yield from _strings_in(tokens, index + 2)
        elif _is_literal(tokens, index + 1) and tokens.type(index + 2) not in _TIGHTER:
            yield index + 1
    elif tokens.word(index) == "IN":
        yield from _strings_in(tokens, index + 1)
    elif tokens.word(index) == "BETWEEN":
        yield from (
            bound
            for bound, before in ((index + 1, index), (index + 3, index + 2))
            if _is_literal(tokens, bound) and tokens.word(before) in {"BETWEEN", "AND"}
        )
    elif tokens.word(index) == "IS":
        from_ = next((i for i in range(index, index + 4) if tokens.word(i) == "FROM"), None)
        if from_ is not None and _is_literal(tokens, from_ + 1):
            yield from_ + 1


def _strings_in(tokens: Tokens, opening: int) -> Iterator[int]:
    end = tokens.closing.get(opening, opening)
    if tokens.word(opening + 1) in {"SELECT", "WITH"}:
        return
    yield from (index for index in range(opening, end) if _is_literal(tokens, index))


def _branches_of_case(tokens: Tokens, case: int) -> Iterator[int]:
    index = case + 1
    while index < tokens.closing[case]:
        if tokens.word(index) == "WHEN" and _is_literal(tokens, index + 1):
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
