"""Attributes that are reckoned with as if they were numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import TokenType

from telemetry.lint.comparisons import attribute_keys, within_brackets
from telemetry.lint.findings import Remark
from telemetry.lint.rule import QueryRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.comparisons import Key
    from telemetry.lint.parsed import ParsedQuery
    from telemetry.sql.tokens import Tokens

_ARITHMETIC: Final = frozenset({"+", "-", "*", "/", "%"})
_COMPARISONS: Final = frozenset({"=", "<>", "!=", "<", "<=", ">", ">=", "BETWEEN"})
_AGGREGATES: Final = frozenset({"SUM", "AVG", "MEAN", "MEDIAN", "STDDEV", "VAR"})


class TextArithmetic(QueryRule):
    """Arithmetic on an attribute that is not cast.

    ``attributes->>'key'`` is text: as such ``'9' > '10'``, and sums of it there are none. A cast
    gives NULL where the text is no number.

    Anti-pattern::

        SELECT count(*) FROM records WHERE attributes->>'attempt' > 3

    Best practice::

        SELECT count(*) FROM records WHERE (attributes->>'attempt')::int > 3
    """

    code = "MS010"
    name = "types.text-arithmetic"
    explains_refusal = True

    def check(self, query: ParsedQuery) -> Iterator[Remark]:
        """Give each attribute that is added, summed up or compared with a number."""
        tokens = query.tokens
        for key in attribute_keys(tokens):
            if key.is_last and _is_used_as_number(tokens, key):
                yield Remark(
                    start=tokens[key.first].start,
                    end=key.end,
                    message="an attribute is text, and is used as a number here",
                    hint="Cast it, as in (attributes->>'key')::double precision",
                )


def _is_used_as_number(tokens: Tokens, key: Key) -> bool:
    first, behind = within_brackets(tokens, key.first, key.behind)
    before, after = tokens.word(first - 1), tokens.word(behind)
    if after == "::":
        return False
    if after in _ARITHMETIC or (before in _ARITHMETIC and _is_operand(tokens, first - 2)):
        return True
    if before == "(" and tokens.word(first - 2) in _AGGREGATES and after == ")":
        return True
    if after in _COMPARISONS:
        sign = tokens.word(behind + 1) == "-"
        return tokens.type(behind + 1 + sign) is TokenType.NUMBER
    return before in _COMPARISONS and tokens.type(first - 2) is TokenType.NUMBER


def _is_operand(tokens: Tokens, index: int) -> bool:
    """Tell whether a sign behind a token stands between two operands; `SELECT *` has none."""
    return tokens.is_name(index) or tokens.type(index) in {TokenType.NUMBER, TokenType.R_PAREN}
