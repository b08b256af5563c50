"""Text put together of pieces that know where in the user's text they come from."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

NOWHERE: Final = -1


@dataclass(frozen=True, slots=True)
class Piece:
    """Hold some text.

    Attributes:
        text: As it is written in the end.
        source: Where it stands in the user's text, or where what it replaces began.
        verbatim: Whether it is the user's own.
    """

    text: str
    source: int
    verbatim: bool


def join(pieces: Iterable[Piece]) -> str:
    """Return the text of pieces."""
    return "".join(piece.text for piece in pieces)


def changed(pieces: Iterable[Piece]) -> bool:
    """Tell whether any of them is not the user's own."""
    return any(not piece.verbatim for piece in pieces)


class PositionMap:
    """Find the place in the user's text that a place in the written text comes from.

    Args:
        user_text: The one.
        pieces: The other.
    """

    def __init__(self, user_text: str, pieces: Iterable[Piece]) -> None:
        self._user_text = user_text
        self._pieces = [piece for piece in pieces if piece.text]
        self._starts: list[int] = []
        start = 0
        for piece in self._pieces:
            self._starts.append(start)
            start += len(piece.text)
        self._text = join(self._pieces)

    def to_user(self, line: int, column: int) -> tuple[int, int]:
        """Return line and column, from 1, in the user's text."""
        if not self._pieces:
            return line, column
        offset = offset_of(self._text, line, column)
        index = max(bisect_right(self._starts, offset) - 1, 0)
        piece = self._pieces[index]
        source = piece.source + (offset - self._starts[index] if piece.verbatim else 0)
        return place_of(self._user_text, source)


def offset_of(text: str, line: int, column: int) -> int:
    """Return the offset of a line and column, both from 1; that of the end where there is none."""
    offset = 0
    for _ in range(line - 1):
        end = text.find("\n", offset)
        if end < 0:
            return len(text)
        offset = end + 1
    return min(offset + column - 1, len(text))


def place_of(text: str, offset: int) -> tuple[int, int]:
    """Return line and column, both from 1, of an offset."""
    before = text[: min(max(offset, 0), len(text))]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
