"""What the engine says of a query: that it takes it, or why not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RefusalKind(StrEnum):
    """Say what the engine refuses a query for."""

    SYNTAX = "syntax"
    TABLE = "table"
    COLUMN = "column"
    FUNCTION = "function"
    GROUPING = "grouping"
    TYPES = "types"
    """Anything else: mostly types that do not fit."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Say why the engine refuses a query.

    Attributes:
        kind: What for.
        message: In the user's words.
        hint: What to do next.
        line: Of the text that was planned, from 1; None where no place is to blame.
        column: From 1.
    """

    kind: RefusalKind
    message: str
    hint: str = ""
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Hold what the engine says of a query.

    Attributes:
        refusal: Why it refuses it; None where it takes it.
        columns: The names of the columns it would return.
    """

    refusal: Refusal | None = None
    columns: tuple[str, ...] = ()
