"""Parts of an expression, and the JSON operators between them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from telemetry.sql.pieces import Piece

if TYPE_CHECKING:
    from collections.abc import Sequence

JSON_TEXT: Final = "_lf_json_text"
JSON_GET: Final = "_lf_json_get"
JSON_VALUE: Final = "_lf_json_value"
JSON_CONTAINS: Final = "_lf_json_contains"
JSON_KEY: Final = "_lf_json_key"


class Kind(Enum):
    """Tell what an operand is."""

    PLAIN = auto()
    GET = auto()
    """A chain of keys that ends in ``->``; it may go on."""
    TEXT = auto()
    """A chain that ends in ``->>``: JSON as text, for casts to fail softly on."""


@dataclass(frozen=True, slots=True)
class Operand:
    """Hold a part of an expression.

    Attributes:
        pieces: As it is written in the end; of a chain, what the keys are looked up in.
        kind: What it is.
        path: The keys of a chain that are literals and still to be looked up.
        literal: The key it would be to the right of ``->``; None where it is not a literal.
        column: The token of the column's name, where it is a column and nothing else.
        inside: The chain within, where it is a chain in brackets of its own.
    """

    pieces: list[Piece]
    kind: Kind = Kind.PLAIN
    path: tuple[str | int, ...] = ()
    literal: str | int | None = None
    column: int | None = None
    inside: Operand | None = None

    @property
    def chain(self) -> Operand:
        """It without brackets, where a chain is in them; itself where there is none."""
        return self.inside or self

    def finished(self, function: str = JSON_GET) -> list[Piece]:
        """Return it as text; of a chain, with the keys looked up by a function."""
        if self.kind is not Kind.GET or not self.path:
            return self.pieces
        return call(function, self.pieces, self.path)


def call(function: str, pieces: Sequence[Piece], path: tuple[str | int, ...]) -> list[Piece]:
    """Return the call of a JSON function, with literal keys."""
    source = pieces[0].source if pieces else 0
    return [
        Piece(f"{function}(", source, verbatim=False),
        *pieces,
        Piece(f", {quote(encode_path(path))})", source, verbatim=False),
    ]


def call_with_key(function: str, pieces: Sequence[Piece], key: Sequence[Piece]) -> list[Piece]:
    """Return the call of a JSON function, with a key that the query computes."""
    source = pieces[0].source if pieces else 0
    return [
        Piece(f"{function}(", source, verbatim=False),
        *pieces,
        Piece(f", {JSON_KEY}(", source, verbatim=False),
        *key,
        Piece("))", source, verbatim=False),
    ]


def encode_path(path: tuple[str | int, ...]) -> str:
    """Return keys as the JSON functions take them: an array of texts and numbers, as JSON."""
    return json.dumps(list(path), ensure_ascii=False, separators=(",", ":"))


def quote(text: str) -> str:
    """Return a string literal."""
    return "'" + text.replace("'", "''") + "'"


def quote_name(name: str) -> str:
    """Return a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(slots=True)
class Routing:
    """Say which attributes have columns of their own, and note which of those were used.

    Attributes:
        columns: The tokens of ``attributes`` that are a table's own column, with the table.
        keys: The keys that have columns, by table.
        used: What was used of them.
    """

    columns: dict[int, str] = field(default_factory=dict)
    keys: dict[str, frozenset[str]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def take(self, column: int | None, key: str | int | None) -> bool:
        """Tell whether a key of a column has a column of its own, which is then used."""
        if column is None or not isinstance(key, str):
            return False
        if key not in self.keys.get(self.columns.get(column, ""), frozenset()):
            return False
        self.used.add(key)
        return True
