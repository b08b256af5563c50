"""Walk over a query's tokens, and rewrite what DataFusion would not take, or would take otherwise.

Operators bind as in PostgreSQL
(https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-PRECEDENCE): casts, subscripts
and arithmetic tighter than ``->``, ``->>``, ``?`` and ``||``, which are on one level, from left to
right. What is left of them when JSON operators have become calls, DataFusion binds in the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import TokenType

from telemetry.sql.functions import CASTABLE, FUNCTIONS, Call, write_date, write_instant
from telemetry.sql.operands import (
    JSON_CONTAINS,
    JSON_GET,
    JSON_TEXT,
    JSON_VALUE,
    Kind,
    Operand,
    Routing,
    call,
    call_with_key,
    quote_name,
)
from telemetry.sql.pieces import changed
from telemetry.sql.select_lists import (
    Aliases,
    alias_start,
    find_alias,
    find_items,
    gives_typed_json,
    goes_on_ordering,
    name_of_item,
)
from telemetry.sql.tokens import MAX_DEPTH
from telemetry.sql.type_names import find_type_end
from telemetry.sql.words import FUNCTIONS_TOO, NOT_OPERANDS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from telemetry.sql.pieces import Piece
    from telemetry.sql.tokens import Tokens

HOT_PREFIX: Final = "_lf_attributes/"
"""What the names of columns begin with that hold one attribute; its key follows."""

ATTRIBUTES: Final = "attributes"

_LOOKUPS: Final = {TokenType.ARROW, TokenType.DARROW, TokenType.PLACEHOLDER}
_CONCATENATION: Final = {TokenType.DPIPE}
_JSON_LEVEL: Final = _LOOKUPS | _CONCATENATION
_SIGNS: Final = {TokenType.PLUS, TokenType.DASH}
_ARITHMETIC: Final = _SIGNS | {
    TokenType.STAR, TokenType.SLASH, TokenType.MOD, TokenType.CARET,
}  # fmt: skip
_LITERALS: Final = {
    TokenType.STRING, TokenType.NUMBER, TokenType.NULL, TokenType.TRUE, TokenType.FALSE,
    TokenType.HEREDOC_STRING, TokenType.BYTE_STRING, TokenType.HEX_STRING, TokenType.BIT_STRING,
    TokenType.UNICODE_STRING, TokenType.RAW_STRING, TokenType.NATIONAL_STRING,
}  # fmt: skip
_OPENING: Final = {TokenType.L_PAREN, TokenType.L_BRACKET}
_PUNCTUATION: Final = {
    TokenType.COMMA, TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.SEMICOLON, TokenType.DOT,
    TokenType.DCOLON, TokenType.COLON, TokenType.PARAMETER,
}  # fmt: skip


class Expressions:
    """Rewrite a query.

    Args:
        tokens: The query.
        end: How many of its tokens belong to it.
        levels: Numbers to write in place of literals, by their index.
        routing: Which attributes have columns of their own.
        now: What ``now()`` means; None for the time the query runs at.
    """

    def __init__(
        self,
        tokens: Tokens,
        end: int,
        *,
        levels: Mapping[int, str],
        routing: Routing,
        now: datetime | None,
    ) -> None:
        self.tokens = tokens
        self.now = now
        self._end = end
        self._levels = levels
        self._routing = routing
        self._typed = gives_typed_json(tokens, end)
        # What is in brackets is looked at before it is taken: twice at each level of nesting.
        self._known: dict[tuple[int, int], tuple[Operand, int]] = {}

    def rewrite(self) -> list[Piece]:
        """Return the whole query, rewritten."""
        pieces = [self.tokens.gap(0), *self.walk(0, self._end, outermost=True)]
        if self._end == len(self.tokens):
            pieces.append(self.tokens.rest())
        return pieces

    def walk(self, first: int, end: int, *, outermost: bool = False) -> list[Piece]:
        """Rewrite a range of tokens.

        Args:
            first: The first of them.
            end: What is behind them.
            outermost: Whether a SELECT among them is the query's own.
        """
        pieces: list[Piece] = []
        aliases: Aliases = {}
        is_ordering = False
        index = first
        while index < end:
            is_ordering = goes_on_ordering(self.tokens, index, before=is_ordering)
            if index > first:
                pieces.append(self.tokens.gap(index))
            if self.tokens.word(index) == "SELECT":
                aliases, written, index = self._select(index, end, outermost=outermost)
                pieces += written
            elif (
                aliases and is_ordering and (alias := find_alias(self.tokens, index, end, aliases))
            ):
                pieces.append(self.tokens.new(alias.name, index))
                index = alias.end
            elif self._begins_operand(index):
                operand, index = self._json_level(index, end)
                pieces += operand.finished()
            else:
                pieces.append(self._token(index))
                index += 1
        return pieces

    def _select(self, index: int, end: int, *, outermost: bool) -> tuple[Aliases, list[Piece], int]:
        """Rewrite SELECT and its list.

        Returns:
            The aliases that an ORDER BY must use, the text, and where what follows begins.
        """
        tokens = self.tokens
        is_distinct = tokens.word(index + 1) == "DISTINCT"
        first, items = find_items(tokens, index + 1, end)
        pieces = self._plain_walk(index, first)
        aliases: Aliases = {}
        for number, item in enumerate(items):
            if number:
                pieces += [tokens.gap(item.start - 1), self._token(item.start - 1)]
            if len(item):
                written, name = self._item(item, outermost=outermost)
                pieces += [tokens.gap(item.start), *written]
                if is_distinct and name is not None:
                    aliases[name] = quote_name(name)
        return aliases, pieces, items[-1].stop if items else first

    def _plain_walk(self, first: int, end: int) -> list[Piece]:
        """Rewrite SELECT, and perhaps DISTINCT ON (…), which is before the list."""
        pieces = [self._token(first)]
        if first + 1 < end:
            pieces += [self.tokens.gap(first + 1), *self.walk(first + 1, end)]
        return pieces

    def _item(self, item: range, *, outermost: bool) -> tuple[list[Piece], str | None]:
        """Rewrite an item of a select list; give also the name it was given by that."""
        alias = alias_start(self.tokens, item)
        if alias is None:
            pieces = self._whole(item, outermost=outermost)
            if not changed(pieces):
                return pieces, None
            name = name_of_item(self.tokens, item)
            return [*pieces, self.tokens.new(f" AS {quote_name(name)}", item.start)], name
        pieces = self._whole(range(item.start, alias), outermost=outermost)
        return [*pieces, self.tokens.gap(alias), *self.walk(alias, item.stop)], None

    def _whole(self, item: range, *, outermost: bool) -> list[Piece]:
        """Rewrite an item; JSON that the query gives back is given back as JSON."""
        if outermost and self._begins_operand(item.start):
            operand, end = self._json_level(item.start, item.stop)
            if end == item.stop and self._typed:
                return operand.chain.finished(JSON_VALUE)
        return self.walk(item.start, item.stop)

    def _json_level(self, first: int, end: int) -> tuple[Operand, int]:
        """Rewrite operands with JSON operators and ``||`` between them, from left to right."""
        if (first, end) not in self._known:
            self._known[first, end] = self._read_json_level(first, end)
        return self._known[first, end]

    def _read_json_level(self, first: int, end: int) -> tuple[Operand, int]:
        left, index = self._arithmetic(first, end)
        steps = 0
        while self._goes_on(index, end, _JSON_LEVEL):
            if self.tokens.type(index) is TokenType.DPIPE:
                left, index = self._binary(left, index, end, _CONCATENATION, self._arithmetic)
                continue
            steps += 1
            if steps > MAX_DEPTH:
                raise self.tokens.wrong(f"more than {MAX_DEPTH} keys follow each other", index)
            right, behind = self._arithmetic(index + 1, end)
            left, index = self._look_up(left.chain, index, right), behind
        return left, index

    def _goes_on(self, index: int, end: int, operators: Collection[TokenType]) -> bool:
        """Tell whether a token is one of these operators, with an operand behind it."""
        return (
            index + 1 < end
            and self.tokens.type(index) in operators
            and self._begins_operand(index + 1)
        )

    def _binary(
        self,
        left: Operand,
        index: int,
        end: int,
        operators: Collection[TokenType],
        read: Callable[[int, int], tuple[Operand, int]],
    ) -> tuple[Operand, int]:
        """Rewrite the operands of operators that stay as they are."""
        pieces = list(left.finished())
        while self._goes_on(index, end, operators):
            right, behind = read(index + 1, end)
            pieces += [self.tokens.gap(index), self._token(index), self.tokens.gap(index + 1)]
            pieces += right.finished()
            index = behind
        return Operand(pieces), index

    def _look_up(self, left: Operand, operator: int, right: Operand) -> Operand:
        kind = self.tokens.type(operator)
        key = right.literal
        if kind is TokenType.DARROW and self._routing.take(left.column, key):
            return Operand(self._hot_column(left, str(key)), Kind.TEXT)
        if kind is TokenType.ARROW:
            function, made = JSON_GET, Kind.TEXT
        elif kind is TokenType.DARROW:
            function, made = JSON_TEXT, Kind.TEXT
        else:
            function, made = JSON_CONTAINS, Kind.PLAIN
        if key is None:
            return Operand(call_with_key(function, left.finished(), right.finished()), made)
        path = (*left.path, key)
        if kind is TokenType.ARROW:
            return Operand(left.pieces, Kind.GET, path)
        return Operand(call(function, left.pieces, path), made)

    def _hot_column(self, left: Operand, key: str) -> list[Piece]:
        """Write the column of one attribute, qualified as the user qualified ``attributes``."""
        column = left.column or 0
        name = self.tokens.new(quote_name(HOT_PREFIX + key), column)
        return [*left.pieces[:-1], name]

    def _arithmetic(self, index: int, end: int) -> tuple[Operand, int]:
        operand, index = self._signed(index, end)
        if self._goes_on(index, end, _ARITHMETIC):
            return self._binary(operand, index, end, _ARITHMETIC, self._signed)
        return operand, index

    def _signed(self, first: int, end: int) -> tuple[Operand, int]:
        index = first
        pieces: list[Piece] = []
        while self.tokens.type(index) in _SIGNS:
            pieces += [self._token(index), self.tokens.gap(index + 1)]
            index += 1
        operand, behind = self._postfix(index, end)
        if not pieces:
            return operand, behind
        negative = self.tokens.source(first, index) == "-" and isinstance(operand.literal, int)
        literal = -int(operand.literal or 0) if negative else None
        return Operand([*pieces, *operand.finished()], literal=literal), behind

    def _postfix(self, index: int, end: int) -> tuple[Operand, int]:
        first = index
        operand, index = self._primary(index, end)
        for _ in range(MAX_DEPTH):
            kind = self.tokens.type(index) if index < end else None
            if kind is TokenType.DCOLON and index + 1 < end:
                operand, index = self._cast(operand, first, index)
            elif kind is TokenType.L_BRACKET:
                closing = self.tokens.closing[index]
                pieces = [*operand.finished(), self.tokens.gap(index), *self._bracket(index)]
                operand, index = Operand(pieces), closing + 1
            elif kind is TokenType.DOT and index + 1 < end:
                pieces = [*operand.finished(), self.tokens.gap(index), self._token(index)]
                pieces += [self.tokens.gap(index + 1), self._token(index + 1)]
                operand, index = Operand(pieces), index + 2
            else:
                return operand, index
        raise self.tokens.wrong(f"more than {MAX_DEPTH} casts or subscripts follow", index)

    def _cast(self, operand: Operand, first: int, index: int) -> tuple[Operand, int]:
        behind = find_type_end(self.tokens, index + 1)
        type_pieces = [self.tokens.piece(index + 1, behind)]
        if operand.chain.kind is Kind.PLAIN:
            pieces = [*operand.pieces, self.tokens.gap(index), self._token(index)]
            pieces += [self.tokens.gap(index + 1), *type_pieces]
            literal = operand.literal if self.tokens.word(index + 1) == "TEXT" else None
            return Operand(pieces, literal=literal), behind
        new = self.tokens.new
        pieces = [new("TRY_CAST(", first), *operand.chain.finished(), new(" AS ", index)]
        return Operand([*pieces, *type_pieces, new(")", index)]), behind

    def _primary(self, index: int, end: int) -> tuple[Operand, int]:
        tokens = self.tokens
        kind = tokens.type(index)
        if kind in _LITERALS:
            return Operand([self._token(index)], literal=tokens.key(index)), index + 1
        if kind is TokenType.CASE:
            closing = tokens.closing[index]
            inside = [tokens.gap(index + 1), *self.walk(index + 1, closing)]
            pieces = [self._token(index), *inside, tokens.gap(closing), self._token(closing)]
            return Operand(pieces), closing + 1
        if kind in _OPENING:
            return self._group(index), tokens.closing[index] + 1
        if tokens.type(index + 1) is TokenType.L_PAREN:
            return self._call(index)
        return self._word(index, end)

    def _word(self, index: int, end: int) -> tuple[Operand, int]:
        tokens = self.tokens
        if tokens.type(index + 1) in _LITERALS and index + 1 < end:
            # A typed literal, as INTERVAL '1 hour'.
            pieces = [self._token(index), tokens.gap(index + 1), self._token(index + 1)]
            return Operand(pieces), index + 2
        if tokens.word(index) in {"CURRENT_TIMESTAMP", "CURRENT_DATE"} and self.now is not None:
            return Operand([self._current(index)]), index + 1
        return self._name(index, end)

    def _name(self, index: int, end: int) -> tuple[Operand, int]:
        """Read a name, perhaps with the names of its table and schema before it."""
        tokens = self.tokens
        last = index
        while (
            last + 2 < end
            and tokens.type(last + 1) is TokenType.DOT
            and tokens.type(last + 2) is not TokenType.STAR
            and tokens.type(last + 3) is not TokenType.L_PAREN
        ):
            last += 2
        pieces = [tokens.piece(i, i + 1) for i in range(index, last + 1)]
        return Operand(pieces, column=last if tokens.is_name(last) else None), last + 1

    def _group(self, index: int) -> Operand:
        """Rewrite what is in brackets; a chain in brackets of its own may go on behind them."""
        closing = self.tokens.closing[index]
        pieces = self._bracket(index)
        if self.tokens.type(index) is TokenType.L_PAREN and self._begins_operand(index + 1):
            inside, behind = self._json_level(index + 1, closing)
            if behind == closing and inside.chain.kind is not Kind.PLAIN:
                return Operand(pieces, inside=inside.chain)
        return Operand(pieces)

    def _bracket(self, index: int) -> list[Piece]:
        closing = self.tokens.closing[index]
        pieces = [self._token(index)]
        if index + 1 < closing:
            pieces += [self.tokens.gap(index + 1), *self.walk(index + 1, closing)]
        return [*pieces, self.tokens.gap(closing), self._token(closing)]

    def _call(self, index: int) -> tuple[Operand, int]:
        tokens = self.tokens
        opening = index + 1
        name = tokens.name(index) if tokens.is_name(index) else tokens.word(index).lower()
        if name in FUNCTIONS and tokens.type(index - 1) is not TokenType.DOT:
            made = Call(self, name, index)
            pieces = FUNCTIONS[name](made)
            if pieces is not None:
                return Operand(pieces, Kind.TEXT if name in CASTABLE else Kind.PLAIN), made.end
        head = self._token(index)
        if name == "cast" and self._casts_json(opening):
            head = tokens.new("TRY_CAST", index)
        pieces = [head, tokens.gap(opening), *self._bracket(opening)]
        return Operand(pieces), tokens.closing[opening] + 1

    def _casts_json(self, opening: int) -> bool:
        """Tell whether ``CAST(… AS type)`` casts JSON, which fails softly."""
        if not self._begins_operand(opening + 1):
            return False
        operand, behind = self._json_level(opening + 1, self.tokens.closing[opening])
        return operand.chain.kind is not Kind.PLAIN and self.tokens.word(behind) == "AS"

    def _current(self, index: int) -> Piece:
        if self.now is None:
            return self._token(index)
        if self.tokens.word(index) == "CURRENT_DATE":
            return self.tokens.new(write_date(self.now), index)
        return self.tokens.new(write_instant(self.now), index)

    def _token(self, index: int) -> Piece:
        number = self._levels.get(index)
        if number is not None:
            return self.tokens.new(number, index)
        return self.tokens.piece(index, index + 1)

    def _begins_operand(self, index: int) -> bool:
        tokens = self.tokens
        kind, word = tokens.type(index), tokens.word(index)
        if kind is None or kind in _PUNCTUATION:
            return False
        if kind in _LITERALS or kind in _OPENING or kind is TokenType.CASE:
            return True
        if kind in _SIGNS:
            while tokens.type(index) in _SIGNS:
                index += 1
            return self._begins_operand(index)
        if word in NOT_OPERANDS:
            return word in FUNCTIONS_TOO and tokens.type(index + 1) is TokenType.L_PAREN
        return tokens.is_name(index) or word.replace("_", "").replace(" ", "").isalpha()
