"""The names of types in casts, which may be several words long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import TokenType

from telemetry.sql.words import TYPE_WORDS

if TYPE_CHECKING:
    from telemetry.sql.tokens import Tokens


def find_type_end(tokens: Tokens, index: int) -> int:
    """Return what is behind the name of a type that begins at a token, as ``numeric(10, 2)[]``."""
    index += 1
    while tokens.word(index) in TYPE_WORDS:
        if tokens.word(index) == "WITH" and tokens.word(index + 1) != "TIME":
            break
        index += 1
    if tokens.type(index) is TokenType.L_PAREN:
        index = tokens.closing[index] + 1
    while tokens.type(index) is TokenType.L_BRACKET and tokens.closing[index] == index + 1:
        index += 2
    return index
