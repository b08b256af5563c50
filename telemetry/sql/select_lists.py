"""Items of a select list: where their aliases are, and what columns without one are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlglot import TokenType

from telemetry.sql.words import CLAUSES, NOT_OPERANDS, OPERAND_ENDS

if TYPE_CHECKING:
    from telemetry.sql.tokens import Tokens

Aliases = dict[str, str]
"""The alias of each item of a SELECT DISTINCT that was given one, by what the user wrote."""

_JSON: Final = {TokenType.ARROW, TokenType.DARROW, TokenType.PLACEHOLDER}
_BEFORE_TYPES: Final = {TokenType.DCOLON, TokenType.DOT}
_SET_OPERATORS: Final = {"UNION", "INTERSECT", "EXCEPT"}
_ORDER_ENDS: Final = CLAUSES | {"ASC", "DESC", "NULLS"}
_ZONE: Final = "ZONE"
"""``t AT TIME ZONE z``: the last word is no alias."""


def find_items(tokens: Tokens, first: int, end: int) -> tuple[int, list[range]]:
    """Find the items of a select list.

    Args:
        tokens: The query.
        first: What stands behind SELECT.
        end: Where the SELECT ends at the latest.

    Returns:
        Where the list begins, behind DISTINCT and the like, and the items.
    """
    if tokens.word(first) in {"DISTINCT", "ALL"}:
        first += 1
        if tokens.word(first) == "ON":
            first = tokens.closing.get(first + 1, first) + 1
    stop = first
    while stop < end and not is_clause_end(tokens, stop):
        stop = tokens.closing.get(stop, stop) + 1
    return first, list(tokens.split(first, min(stop, end)))


def is_clause_end(tokens: Tokens, index: int) -> bool:
    """Tell whether a select list ends at a token."""
    if tokens.word(index) == "FROM":
        # As in IS DISTINCT FROM.
        return tokens.word(index - 1) != "DISTINCT"
    return tokens.word(index) in CLAUSES and tokens.type(index - 1) is not TokenType.DOT


def gives_typed_json(tokens: Tokens, end: int) -> bool:
    """Tell whether JSON that is an item of the outermost SELECT may be given back typed.

    Rows of another SELECT beside it may hold plain text there, and an item that is grouped by has
    to be written as it is in GROUP BY.
    """
    clause = ""
    index = 0
    while index < end:
        word = tokens.word(index)
        if word in _SET_OPERATORS:
            return False
        if word in CLAUSES:
            clause = word
        behind = tokens.closing.get(index, index) + 1
        if clause == "GROUP BY" and any(
            tokens.type(i) is TokenType.ARROW for i in range(index, behind)
        ):
            return False
        index = behind
    return True


def alias_start(tokens: Tokens, item: range) -> int | None:
    """Return where an item's alias begins, AS included; None where it has none."""
    last = item.stop - 1
    if last - 1 > item.start and tokens.word(last - 1) == "AS":
        return last - 1
    if last <= item.start or not tokens.is_name(last):
        return None
    before = last - 1
    ends_operand = tokens.type(before) in OPERAND_ENDS or (
        # The name of a type, as in `x::int alias`.
        tokens.type(before - 1) is TokenType.DCOLON
    )
    if (
        not ends_operand
        or tokens.type(before) in _BEFORE_TYPES
        or tokens.word(before) == _ZONE
        or tokens.word(before) in NOT_OPERANDS - {"END"}
    ):
        return None
    return last


def name_of_item(tokens: Tokens, item: range) -> str:
    """Return what a column without an alias is called: its text, JSON operators set apart."""
    name = ""
    for index in item:
        gap = index > item.start and tokens[index - 1].end < tokens[index].start
        apart = tokens.type(index) in _JSON or tokens.type(index - 1) in _JSON
        if index > item.start and (gap or apart):
            name += " "
        name += tokens.source(index, index + 1)
    return name


class Alias(NamedTuple):
    """Hold the alias to write in place of an item of an ORDER BY.

    Attributes:
        name: The alias.
        end: What is behind the item.
    """

    name: str
    end: int


def find_alias(tokens: Tokens, index: int, end: int, aliases: Aliases) -> Alias | None:
    """Return the alias of an item of an ORDER BY that begins at a token; None where it has none.

    DataFusion wants the items of an ORDER BY to be in the list of a SELECT DISTINCT, and does not
    see that they are once they have an alias there.
    """
    if tokens.word(index - 1) != "ORDER BY" and tokens.type(index - 1) is not TokenType.COMMA:
        return None
    stop = index
    while stop < end and not _ends_order_item(tokens, stop):
        stop = tokens.closing.get(stop, stop) + 1
    name = aliases.get(name_of_item(tokens, range(index, stop)))
    return None if name is None else Alias(name, stop)


def _ends_order_item(tokens: Tokens, index: int) -> bool:
    return tokens.type(index) is TokenType.COMMA or tokens.word(index) in _ORDER_ENDS


def goes_on_ordering(tokens: Tokens, index: int, *, before: bool) -> bool:
    """Tell whether a token is in an ORDER BY, where the one before it was or was not."""
    if tokens.word(index) in CLAUSES or tokens.word(index) == "SELECT":
        return tokens.word(index) == "ORDER BY"
    return before
