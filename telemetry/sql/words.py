"""Words of SQL that matter to a reader of tokens."""

from __future__ import annotations

from typing import Final

from sqlglot import TokenType

CLAUSES: Final = frozenset(
    {
        "FROM", "WHERE", "GROUP BY", "HAVING", "ORDER BY", "LIMIT", "OFFSET", "FETCH", "UNION",
        "INTERSECT", "EXCEPT", "WINDOW", "QUALIFY", "INTO",
    }
)  # fmt: skip
"""What a select list ends at."""

NOT_OPERANDS: Final = CLAUSES | frozenset(
    {
        "SELECT", "WITH", "RECURSIVE", "DISTINCT", "ALL", "AS", "ON", "USING", "JOIN", "LEFT",
        "RIGHT", "FULL", "INNER", "OUTER", "CROSS", "NATURAL", "LATERAL", "AND", "OR", "NOT", "IN",
        "LIKE", "ILIKE", "SIMILAR TO", "BETWEEN", "IS", "WHEN", "THEN", "ELSE", "END", "ASC",
        "DESC", "NULLS", "FILTER", "OVER", "PARTITION BY", "ROWS", "RANGE", "VALUES", "ESCAPE",
        "AT", "ANY", "SOME", "EXISTS", "WITHIN", "BY",
    }
)  # fmt: skip
"""Words that are neither a value nor the name of one. Before a bracket some are functions."""

FUNCTIONS_TOO: Final = frozenset({"LEFT", "RIGHT", "RANGE", "ANY", "SOME", "ALL", "EXISTS"})
"""Of those, the ones that may be called."""

TYPE_WORDS: Final = frozenset({"PRECISION", "VARYING", "WITH", "WITHOUT", "TIME", "ZONE"})
"""Words behind the first one of a type's name, as in ``timestamp with time zone``."""

OPERAND_ENDS: Final = frozenset(
    {
        TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.STRING, TokenType.NUMBER, TokenType.VAR,
        TokenType.IDENTIFIER, TokenType.END, TokenType.NULL, TokenType.TRUE, TokenType.FALSE,
        TokenType.STAR, TokenType.CURRENT_TIMESTAMP, TokenType.CURRENT_DATE,
        TokenType.HEREDOC_STRING, TokenType.BYTE_STRING,
    }
)  # fmt: skip
"""The tokens that an operand may end with."""
