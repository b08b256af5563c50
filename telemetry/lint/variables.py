"""Dashboard variables in a query's text: where they are, and values to plan with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from telemetry.sql.operands import quote
from telemetry.sql.pieces import Piece
from telemetry.sql.resolution import LEXEME, RESOLUTION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telemetry.lint.subjects import Variable

SAMPLE: Final = "1"
"""What stands for a value nobody knows: a text that is a number too."""

_SAMPLE_RESOLUTION: Final = "1 minute"
_INSIDE: Final = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")
_UNSAFE: Final = re.compile(r"[$()]")


@dataclass(frozen=True, slots=True)
class Use:
    """Hold where a variable stands in a query.

    Attributes:
        name: Of the variable.
        start: Where it begins, with its dollar sign.
        end: Where what follows begins.
        quoted: The text literal it stands in, as start and end; None where it stands by itself.
    """

    name: str
    start: int
    end: int
    quoted: tuple[int, int] | None = None


def find_uses(sql: str) -> list[Use]:
    """Return the uses of variables, in order; those in comments are none."""
    if "$" not in sql:
        return []
    uses = []
    for match in LEXEME.finditer(sql):
        name = match["variable"] or match["braced"]
        if name is not None:
            uses.append(Use(name, match.start(), match.end()))
        elif match["quoted"] is not None:
            uses += [
                Use(inner[1], match.start() + inner.start(), match.start() + inner.end(), span)
                for inner in _INSIDE.finditer(match["quoted"])
                if (span := match.span())
            ]
    return uses


def without_braces(sql: str) -> str:
    """Return the text with ``${name}`` as ``$name``, and everything at its place."""
    if "${" not in sql:
        return sql

    def replace(match: re.Match[str]) -> str:
        name = match["braced"]
        return match[0] if name is None else f"${name}  "

    return LEXEME.sub(replace, sql)


def fill_in(sql: str, uses: list[Use], variables: Mapping[str, Variable]) -> list[Piece]:
    """Return the text with a value for each variable, as pieces that know their places."""
    pieces, end = [], 0
    for use in uses:
        if use.quoted is None:
            pieces.append(Piece(sql[end : use.start], end, verbatim=True))
            pieces.append(Piece(_value_of(use.name, variables), use.start, verbatim=False))
            end = use.end
    pieces.append(Piece(sql[end:], end, verbatim=True))
    return pieces


def _value_of(name: str, variables: Mapping[str, Variable]) -> str:
    if name == RESOLUTION:
        return quote(_SAMPLE_RESOLUTION)
    variable = variables.get(name)
    values = [each for each in variable.values if not _UNSAFE.search(each)] if variable else []
    if variable is not None and variable.multiple:
        return f"ARRAY[{', '.join(map(quote, values or [SAMPLE]))}]"
    return quote(values[0] if values else SAMPLE)


def mentions(text: str, name: str) -> bool:
    """Tell whether a text has a variable in it, be it in a comment."""
    return "$" in text and re.search(rf"\$(?:{name}\b|\{{{name}\}})", text) is not None
