"""What a query may be: one SELECT over tables, and nothing that reaches outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import TokenType

from telemetry.errors import ForbiddenSql, InvalidSql
from telemetry.sql.words import CLAUSES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.sql.tokens import Tokens

INTERNAL: Final = "_lf_"
"""What the names begin with that only the engine itself writes."""

TABLE_FUNCTIONS: Final = frozenset({"generate_series", "range", "unnest"})

_BEGINNINGS: Final = frozenset({"SELECT", "WITH"})
_STATEMENTS: Final = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "COPY"})
_ENDS: Final = {TokenType.R_PAREN, None}
_TAKING_FROM: Final = frozenset({"EXTRACT", "TRIM", "SUBSTRING", "OVERLAY"})
_BEFORE_TABLES: Final = frozenset({"FROM", "JOIN"})
_AFTER_TABLES: Final = CLAUSES | {"SELECT", "JOIN", "ON", "USING"}


def check(tokens: Tokens) -> int:
    """Make sure that a query may be run.

    Returns:
        How many of the tokens belong to it: all but a semicolon at the end.

    Raises:
        InvalidSql: It is empty.
        ForbiddenSql: It is no single SELECT, or reaches for more than the tables.
    """
    end = len(tokens)
    while end and tokens.type(end - 1) is TokenType.SEMICOLON:
        end -= 1
    if not end:
        raise InvalidSql("the query is empty", hint="Write a SELECT")
    begin = next((i for i in range(end) if tokens.type(i) is not TokenType.L_PAREN), 0)
    if tokens.word(begin) not in _BEGINNINGS:
        raise _forbidden(tokens, begin, "only a SELECT, perhaps behind WITH, can be run")
    for index in range(end):
        _check_token(tokens, index)
    return end


def _check_token(tokens: Tokens, index: int) -> None:
    token = tokens[index]
    if token.type is TokenType.SEMICOLON:
        raise _forbidden(tokens, index + 1, "only one statement can be run at a time")
    if token.word == "INTO":
        raise _forbidden(tokens, index, "only a plain SELECT can be run, and not INTO a table")
    if token.word in _STATEMENTS and _begins_statement(tokens, index):
        raise _forbidden(tokens, index, f"only a SELECT can be run, not {token.word}")
    if tokens.is_name(index) and tokens.name(index).lower().startswith(INTERNAL):
        name = tokens.source(index, index + 1)
        raise _forbidden(tokens, index, f"{name} is internal: no query may use it")
    if token.word in _BEFORE_TABLES and not _is_part_of_function(tokens, index):
        for first in _tables_behind(tokens, index):
            _check_table(tokens, first)


def _begins_statement(tokens: Tokens, index: int) -> bool:
    """Tell whether a word is the first of a statement: in brackets, or behind those of WITH."""
    is_first = tokens.type(index - 1) in {TokenType.L_PAREN, TokenType.R_PAREN}
    return is_first and (tokens.is_name(index + 1) or tokens.word(index + 1) in {"INTO", "FROM"})


def _tables_behind(tokens: Tokens, index: int) -> Iterator[int]:
    """Give where tables are named behind FROM or JOIN: also those behind commas."""
    index += 1
    yield index
    while tokens.word(index) not in _AFTER_TABLES and tokens.type(index) not in _ENDS:
        if tokens.type(index) is TokenType.COMMA:
            yield index + 1
        index = tokens.closing.get(index, index) + 1


def _check_table(tokens: Tokens, index: int) -> None:
    if tokens.word(index) == "LATERAL":
        index += 1
    while tokens.type(index + 1) is TokenType.DOT:
        index += 2
    source = tokens.source(index, index + 1) if index < len(tokens) else ""
    if tokens.type(index) is TokenType.STRING or (
        tokens.type(index) is TokenType.IDENTIFIER and any(sign in source for sign in "./\\:")
    ):
        raise _forbidden(tokens, index, f"{source} is no table: files cannot be read")
    if (
        tokens.type(index + 1) is TokenType.L_PAREN
        and tokens.type(index) is not TokenType.L_PAREN
        and source.lower() not in TABLE_FUNCTIONS
    ):
        known = ", ".join(sorted(TABLE_FUNCTIONS))
        raise _forbidden(tokens, index, f"there is no table function {source}; there are {known}")


def _is_part_of_function(tokens: Tokens, index: int) -> bool:
    """Tell whether a FROM belongs to ``EXTRACT(x FROM y)``, ``trim(x FROM y)`` or ``DISTINCT``."""
    if tokens.word(index - 1) == "DISTINCT":
        return True
    opening = tokens.enclosing[index]
    return opening is not None and tokens.word(opening - 1) in _TAKING_FROM


def _forbidden(tokens: Tokens, index: int, message: str) -> ForbiddenSql:
    line, column = tokens.place(index)
    return ForbiddenSql(message, line=line, column=column)
