"""JSON operators bind as in PostgreSQL, however they are nested."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sql_document import DOCUMENT

if TYPE_CHECKING:
    from collections.abc import Callable

POSTFIX, PRODUCT, SUM, JSON = 4, 3, 2, 1
"""How tight operators bind: https://www.postgresql.org/docs/current/sql-syntax-lexical.html"""


@dataclass(frozen=True)
class Expression:
    """Hold an expression as written with no bracket too many, and what it is worth."""

    text: str
    tightness: int
    value: Any

    def written(self, tightness: int) -> str:
        return self.text if self.tightness >= tightness else f"({self.text})"


def binary(
    operator: str, tightness: int, worth: Callable[[Any, Any], Any]
) -> Callable[[tuple[Expression, Expression]], Expression]:
    """Return what puts a left-associative operator between two expressions."""

    def put(operands: tuple[Expression, Expression]) -> Expression:
        left, right = operands
        absent = left.value is None or right.value is None
        return Expression(
            f"{left.written(tightness)} {operator} {right.written(tightness + 1)}",
            tightness,
            None if absent else worth(left.value, right.value),
        )

    return put


def look_up(document: Any, key: str) -> Any:
    return document.get(key) if isinstance(document, dict) else None


def as_text(document: Any, key: str) -> str | None:
    value = look_up(document, key)
    return None if value is None else str(value)


def to_number(text: Expression) -> Expression:
    value = None if text.value is None else float(text.value)
    return Expression(f"{text.written(POSTFIX)}::double precision", POSTFIX, value)


def literal(text: str) -> Expression:
    return Expression(f"'{text}'", POSTFIX, text)


attributes = Expression("attributes", POSTFIX, json.loads(DOCUMENT))
digits = st.sampled_from("123456789").map(literal)
leaf_keys = st.one_of(
    st.sampled_from("xn").map(literal),
    # A key that the query computes.
    st.sampled_from("xn").map(lambda key: Expression(f"'' || '{key}'", JSON, key)),
)
documents = st.recursive(
    st.just(attributes),
    lambda inner: st.tuples(inner, st.just(literal("k"))).map(binary("->", JSON, look_up)),
    max_leaves=4,
)
fields = st.tuples(documents, leaf_keys).map(binary("->>", JSON, as_text))
texts = st.recursive(
    st.one_of(digits, fields),
    lambda inner: st.tuples(inner, inner).map(binary("||", JSON, lambda a, b: a + b)),
    max_leaves=4,
)
numbers = st.recursive(
    texts.map(to_number),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(binary("+", SUM, lambda a, b: a + b)),
        st.tuples(inner, inner).map(binary("-", SUM, lambda a, b: a - b)),
        st.tuples(inner, inner).map(binary("*", PRODUCT, lambda a, b: a * b)),
    ),
    max_leaves=4,
)
ONE_ROW = "FROM records WHERE message = 'late'"


@given(expression=texts)
@settings(max_examples=150, deadline=None)
def test_texts_are_put_together_as_in_postgresql(
    ask: Callable[[str], list[tuple[Any, ...]]], expression: Expression
) -> None:
    assert [(expression.value,)] == ask(f"SELECT {expression.text} AS v {ONE_ROW}")


@given(expression=numbers)
@settings(max_examples=150, deadline=None)
def test_numbers_are_computed_as_in_postgresql(
    ask: Callable[[str], list[tuple[Any, ...]]], expression: Expression
) -> None:
    [(value,)] = ask(f"SELECT {expression.text} AS v {ONE_ROW}")

    if expression.value is None:
        assert value is None
    else:
        assert math.isclose(expression.value, value, rel_tol=1e-9)


@given(left=texts, right=texts)
@settings(max_examples=100, deadline=None)
def test_comparisons_bind_looser(
    ask: Callable[[str], list[tuple[Any, ...]]], left: Expression, right: Expression
) -> None:
    absent = left.value is None or right.value is None

    assert [(None if absent else left.value == right.value,)] == ask(
        f"SELECT {left.text} = {right.text} AS v {ONE_ROW}"
    )
