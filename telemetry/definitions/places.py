"""Where something stands, and what is wrong there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Point into a file.

    Attributes:
        file: Its path as the user gave it, or below that.
        line: From 1.
        column: From 1.
        inner: How many lines further down the text begins that stands here: of a block, 1.
        indent: How far the lines of that block are indented.
    """

    file: Path
    line: int = 1
    column: int = 1
    inner: int = 0
    indent: int = 0

    def within(self, line: int, column: int) -> Place:
        """Return the place of a line and column of the text that stands here."""
        if self.inner:
            return Place(self.file, self.line + self.inner + line - 1, column + self.indent)
        shift = self.column - 1 if line == 1 else 0
        return Place(self.file, self.line + line - 1, column + shift)

    def __str__(self) -> str:
        """Return it as editors and terminals make links of it."""
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Say what is wrong with a definition.

    Attributes:
        place: Where.
        message: What.
        hint: What to do next; "" where the message says it.
    """

    place: Place
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """Return all of it in one line."""
        return f"{self.place}: {self.message}{self.hint and f'. {self.hint}'}"
