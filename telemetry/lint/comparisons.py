"""What columns and attributes are compared with, found in the tokens of a query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlglot import TokenType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.sql.tokens import Tokens

_EQUAL: Final = frozenset({"=", "<>", "!="})
_LIKE: Final = frozenset({"LIKE", "ILIKE"})
_ANY: Final = frozenset({"ANY", "ALL", "SOME"})
_CALLED: Final = frozenset({"ANY", "ALL", "SOME", "LEFT", "RIGHT", "CAST", "EXISTS", "IN"})
"""Keywords that arguments in brackets may follow."""

_ARROWS: Final = frozenset({"->", "->>"})


@dataclass(frozen=True, slots=True)
class Literal:
    """Hold a text that something is compared with.

    Attributes:
        value: What it says.
        start: Where it stands in the query.
        end: Where what follows begins.
        is_pattern: Whether it is that of a LIKE.
    """

    value: str
    start: int
    end: int
    is_pattern: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """Hold a key that ``attributes`` is asked for.

    Attributes:
        key: As it is written.
        start: Where the key's literal stands in the query.
        end: Where what follows begins.
        first: The first token of the expression.
        behind: The token behind it.
        is_last: Whether no further key follows.
    """

    key: str
    start: int
    end: int
    first: int
    behind: int
    is_last: bool


def column_literals(tokens: Tokens, column: str) -> Iterator[Literal]:
    """Give the texts that columns of a name are compared with."""
    for index in range(len(tokens)):
        if tokens.is_name(index, column):
            yield from compared_literals(tokens, _with_table(tokens, index), index + 1)


def compared_literals(tokens: Tokens, first: int, behind: int) -> Iterator[Literal]:
    """Give the texts that an operand is compared with.

    Args:
        tokens: Of the query.
        first: Of the operand.
        behind: The token behind it.
    """
    first, behind = _widened(tokens, first, behind)
    if tokens.word(first - 1) in _EQUAL:
        yield from _literal(tokens, first - 2)
    index = behind + (tokens.word(behind) == "NOT")
    word = tokens.word(index)
    if word in _LIKE:
        yield from _literal(tokens, index + 1, is_pattern=True)
    elif word == "IN" and index + 1 in tokens.closing:
        yield from _literals_within(tokens, index + 1)
    elif word in _EQUAL and tokens.word(index + 1) in _ANY and index + 2 in tokens.closing:
        yield from _literals_within(tokens, index + 2)
    elif word in _EQUAL and tokens.type(index + 2) is not TokenType.DPIPE:
        yield from _literal(tokens, index + 1)


def attribute_keys(tokens: Tokens) -> Iterator[Key]:
    """Give the keys that ``attributes`` is asked for, by operators and by functions."""
    for index in range(len(tokens)):
        if not tokens.is_name(index, "attributes"):
            continue
        key = tokens.string(index + 2) if index + 2 < len(tokens) else None
        if key is None:
            continue
        first, behind = _with_table(tokens, index), index + 3
        word = tokens.word(index + 1)
        is_last = tokens.word(behind) not in _ARROWS
        if word == ",":
            opening = first - 1
            if not (tokens.is_name(opening - 1) and tokens.name(opening - 1).startswith("json_")):
                continue
            is_last = tokens.type(behind) is TokenType.R_PAREN
            first, behind = opening - 1, tokens.closing.get(opening, behind) + 1
        elif word not in _ARROWS and word != "?":
            continue
        token = tokens[index + 2]
        yield Key(key, token.start, token.end, first, behind, is_last and word != "?")


def attribute_literals(tokens: Tokens) -> Iterator[tuple[str, Literal]]:
    """Give the texts that attributes are compared with, each with the attribute's key.

    An attribute that is given a name, as in ``attributes->>'stage' AS stage``, is followed.
    """
    aliases: dict[str, str] = {}
    for key in attribute_keys(tokens):
        if key.is_last:
            for literal in compared_literals(tokens, key.first, key.behind):
                yield key.key, literal
            if tokens.word(key.behind) == "AS" and tokens.is_name(key.behind + 1):
                aliases[tokens.name(key.behind + 1)] = key.key
    for alias, of_key in aliases.items():
        for literal in column_literals(tokens, alias):
            yield of_key, literal


def _with_table(tokens: Tokens, index: int) -> int:
    return index - 2 if index > 1 and tokens.type(index - 1) is TokenType.DOT else index


def within_brackets(tokens: Tokens, first: int, behind: int) -> tuple[int, int]:
    """Return an operand with the brackets around it, but no calls."""
    while tokens.closing.get(first - 1) == behind and not _is_call(tokens, first - 1):
        first, behind = first - 1, behind + 1
    return first, behind


def _is_call(tokens: Tokens, opening: int) -> bool:
    """Tell whether a bracket is that of a function's arguments, which CAST and SUM have too."""
    return tokens.word(opening) == "(" and (
        tokens.is_name(opening - 1) or tokens.word(opening - 1) in _CALLED
    )


def _widened(tokens: Tokens, first: int, behind: int) -> tuple[int, int]:
    """Take casts and brackets along, but no calls."""
    while True:
        if tokens.type(behind) is TokenType.DCOLON:
            behind += 2
            continue
        wider = within_brackets(tokens, first, behind)
        if wider == (first, behind):
            return wider
        first, behind = wider


def _literals_within(tokens: Tokens, opening: int) -> Iterator[Literal]:
    for index in range(opening + 1, tokens.closing[opening]):
        yield from _literal(tokens, index)


def _literal(tokens: Tokens, index: int, *, is_pattern: bool = False) -> Iterator[Literal]:
    value = tokens.string(index) if 0 <= index < len(tokens) else None
    # A variable within quotes is another rule's, and '{a,b}' is an array.
    if value is not None and "$" not in value and not value.startswith("{"):
        yield Literal(value, tokens[index].start, tokens[index].end, is_pattern)
