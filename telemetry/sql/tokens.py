"""Tokens of a query, with their exact places in its text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from sqlglot import TokenType
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import SqlglotError

from telemetry.errors import InvalidSql
from telemetry.sql.pieces import Piece, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_LENGTH: Final = 256 * 1024
"""Characters of a query: far more than a person writes, and soon read."""

MAX_DEPTH: Final = 60
"""How deep parentheses, brackets and CASEs may nest: each level is some calls on the stack.

DataFusion reads 50.
"""

_QUOTES: Final = ("'", '"')
_BYTE_ORDER_MARK: Final = "\ufeff"
_INDEX: Final = re.compile("[0-9]{1,18}", re.ASCII)
_HALF: Final = re.compile("[\ud800-\udfff]")
_OPENING: Final = {TokenType.L_PAREN: ")", TokenType.L_BRACKET: "]", TokenType.CASE: "END"}
_CLOSING: Final = {TokenType.R_PAREN: ")", TokenType.R_BRACKET: "]", TokenType.END: "END"}
_NAMES: Final = {TokenType.VAR, TokenType.IDENTIFIER}


@dataclass(frozen=True, slots=True)
class Token:
    """Hold a token.

    Attributes:
        type: As sqlglot has it.
        word: Its text in capitals; "" where it is quoted.
        start: Where it begins in the query's text.
        end: Where what follows begins.
    """

    type: TokenType
    word: str
    start: int
    end: int


class Tokens:
    """Hold the tokens of a query, and which brackets belong together.

    Args:
        text: The query.

    Raises:
        InvalidSql: It is too long, too deep, or no tokens at all: a quote without its end.
    """

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise InvalidSql(f"the query is longer than {MAX_LENGTH:,} characters")
        if _HALF.search(text):
            raise InvalidSql("the query has half of a character in it: a lone surrogate")
        self.text = " " + text[1:] if text.startswith(_BYTE_ORDER_MARK) else text
        self.all = _tokenize(self.text)
        self.enclosing: list[int | None] = []
        """The innermost bracket that is open around each token; None outside of any."""
        self.closing = self._match_brackets()

    def __len__(self) -> int:
        return len(self.all)

    def __getitem__(self, index: int) -> Token:
        return self.all[index]

    def source(self, first: int, end: int) -> str:
        """Return the text from a token to before another, without what is between them."""
        return self.text[self.all[first].start : self.all[end - 1].end] if first < end else ""

    def folded(self, first: int, end: int) -> str:
        """Return the same with each run of white space and comments as one space."""
        words = []
        for index in range(first, end):
            if index > first and self.all[index - 1].end < self.all[index].start:
                words.append(" ")
            words.append(self.source(index, index + 1))
        return "".join(words)

    def piece(self, first: int, end: int) -> Piece:
        """Return the text from a token to before another as the user's own."""
        return Piece(self.source(first, end), self.all[first].start, verbatim=True)

    def gap(self, index: int) -> Piece:
        """Return what stands before a token."""
        start = self.all[index - 1].end if index else 0
        return Piece(self.text[start : self.all[index].start], start, verbatim=True)

    def rest(self) -> Piece:
        """Return what stands behind the last token."""
        start = self.all[-1].end if self.all else 0
        return Piece(self.text[start:], start, verbatim=True)

    def new(self, text: str, index: int) -> Piece:
        """Return text of ours in the place of a token."""
        index = min(index, len(self.all) - 1)
        return Piece(text, self.all[index].start if self.all else 0, verbatim=False)

    def place(self, index: int) -> tuple[int, int]:
        """Return line and column, both from 1, of a token."""
        return place_of(self.text, self.all[index].start if index < len(self.all) else -1)

    def is_name(self, index: int, name: str | None = None) -> bool:
        """Tell whether a token is an identifier, perhaps of that name."""
        if not 0 <= index < len(self.all) or self.all[index].type not in _NAMES:
            return False
        return name is None or self.name(index) == name

    def name(self, index: int) -> str:
        """Return the name an identifier means: as it is quoted, or else in lower case."""
        token = self.all[index]
        if token.type is TokenType.IDENTIFIER:
            return self.source(index, index + 1)[1:-1].replace('""', '"')
        return token.word.lower()

    def word(self, index: int) -> str:
        """Return a token's text in capitals; "" where it is quoted or there is none."""
        return self.all[index].word if 0 <= index < len(self.all) else ""

    def type(self, index: int) -> TokenType | None:
        """Return a token's type; None where there is none."""
        return self.all[index].type if 0 <= index < len(self.all) else None

    def string(self, index: int) -> str | None:
        """Return what a plain string literal says; None for anything else."""
        if self.type(index) is not TokenType.STRING:
            return None
        source = self.source(index, index + 1)
        return source[1:-1].replace("''", "'") if source.startswith("'") else None

    def key(self, index: int) -> str | int | None:
        """Return the key that a literal is to JSON: a text or an index; None for anything else."""
        text = self.string(index)
        if text is not None:
            return text
        word = self.word(index)
        return int(word) if _INDEX.fullmatch(word) else None

    def split(self, first: int, end: int, kind: TokenType = TokenType.COMMA) -> Iterator[range]:
        """Split tokens at those of a kind that are in no brackets of their own."""
        start = index = first
        while index < end:
            if self.all[index].type is kind:
                yield range(start, index)
                start = index + 1
            index = self.closing.get(index, index) + 1
        if start < end or start > first:
            yield range(start, end)

    @cached_property
    def names(self) -> dict[str, int]:
        """The first place of every identifier, by its name."""
        found: dict[str, int] = {}
        for index in range(len(self.all)):
            if self.is_name(index):
                found.setdefault(self.name(index), index)
        return found

    def _match_brackets(self) -> dict[int, int]:
        """Return the index of the closing bracket of each opening one.

        Raises:
            InvalidSql: They do not match.
        """
        closing: dict[int, int] = {}
        opened: list[int] = []
        for index, token in enumerate(self.all):
            self.enclosing.append(opened[-1] if opened else None)
            if token.type in _OPENING:
                opened.append(index)
                if len(opened) > MAX_DEPTH:
                    raise self.wrong(f"brackets nest deeper than {MAX_DEPTH} levels", index)
            elif token.type in _CLOSING:
                if not opened or _OPENING[self.all[opened[-1]].type] != _CLOSING[token.type]:
                    raise self.wrong(f"{token.word} closes nothing", index)
                closing[opened.pop()] = index
        if opened:
            raise self.wrong(f"{self.all[opened[-1]].word} is never closed", opened[-1])
        return closing

    def wrong(self, message: str, index: int) -> InvalidSql:
        """Return an error at a token."""
        line, column = self.place(index)
        return InvalidSql(message, line=line, column=column)


def _tokenize(text: str) -> Sequence[Token]:
    try:
        found = Postgres().tokenize(text)
    except SqlglotError as error:
        raise InvalidSql(
            "the query is no SQL: a quote, comment or dollar string in it has no end"
        ) from error
    return [
        Token(
            token.token_type,
            ""
            if text.startswith(_QUOTES, token.start)
            else text[token.start : token.end + 1].upper(),
            token.start,
            token.end + 1,
        )
        for token in found
    ]
