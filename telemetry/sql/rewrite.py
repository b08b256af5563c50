"""From SQL as Logfire takes it to SQL that DataFusion runs, by splicing into the user's text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from telemetry.errors import InvalidSql
from telemetry.sql.checks import check
from telemetry.sql.expressions import ATTRIBUTES, Expressions
from telemetry.sql.levels import find_level_names
from telemetry.sql.operands import Routing
from telemetry.sql.pieces import PositionMap, join, place_of
from telemetry.sql.scopes import find_base_columns
from telemetry.sql.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from telemetry.sql.pieces import Piece

_CACHED: Final = 256
"""Dashboards and alerts ask the same again and again."""

_NATURAL: Final = "NATURAL"
"""A join that compares all columns, and would compare those of single attributes, too."""

_STORED_AS: Final = {"records": "records_all"}
"""Tables that are views of another's rows, by their names in queries."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """Hold a query that DataFusion runs.

    Attributes:
        sql: Its text.
        unrouted_sql: The same without columns of single attributes: what to plan where ``sql``
            cannot be planned. The same text where there are none in it.
        hot: The attributes whose columns ``sql`` uses.
    """

    sql: str
    unrouted_sql: str
    hot: frozenset[str]
    _user_text: str
    _positions: PositionMap
    _names: Mapping[str, int]

    def to_user(self, line: int, column: int) -> tuple[int, int]:
        """Return the place in the user's text of a place in ``unrouted_sql``; all from 1.

        That is the text which what is wrong with a query shows in.
        """
        return self._positions.to_user(line, column)

    def find_identifier(self, name: str) -> tuple[int, int] | None:
        """Return where an identifier first stands in the user's text; None if it does not."""
        offset = self._names.get(name, self._names.get(name.lower()))
        return None if offset is None else place_of(self._user_text, offset)


def rewrite(
    sql: str,
    *,
    hot_keys: Mapping[str, Collection[str]] | None = None,
    now: datetime | None = None,
) -> Rewritten:
    """Check a query and rewrite it.

    Args:
        sql: One SELECT, in Logfire's dialect.
        hot_keys: The attributes that have columns of their own, by the table that stores them.
        now: What ``now()`` means; None for the time the query runs at.

    Raises:
        InvalidSql: It cannot be understood.
        ForbiddenSql: It may not be run.
    """
    keys = frozenset((table, key) for table, some in (hot_keys or {}).items() for key in some)
    try:
        return _rewrite(sql, keys, now)
    except RecursionError:
        # What nests deep enough for this has been refused, unless the caller's stack is as deep.
        raise InvalidSql("the query nests too deep") from None


@lru_cache(_CACHED)
def _rewrite(sql: str, hot_keys: frozenset[tuple[str, str]], now: datetime | None) -> Rewritten:
    tokens = Tokens(sql)
    end = check(tokens)
    levels = find_level_names(tokens)

    def write(routing: Routing) -> list[Piece]:
        return Expressions(tokens, end, levels=levels, routing=routing, now=now).rewrite()

    routing = _find_routes(tokens, hot_keys)
    text = join(pieces := write(routing))
    unrouted = write(Routing()) if routing.used else pieces
    return Rewritten(
        sql=text,
        unrouted_sql=join(unrouted),
        hot=frozenset(routing.used),
        _user_text=sql,
        _positions=PositionMap(sql, unrouted),
        _names={name: tokens[index].start for name, index in tokens.names.items()},
    )


def _find_routes(tokens: Tokens, hot_keys: frozenset[tuple[str, str]]) -> Routing:
    places = {
        tokens[index].start: index
        for index in range(len(tokens))
        if tokens.is_name(index, ATTRIBUTES)
    }
    if not places or not hot_keys or any(token.word == _NATURAL for token in tokens.all):
        return Routing()
    base = find_base_columns(tokens.text, ATTRIBUTES) or {}
    keys: dict[str, set[str]] = {}
    for table, key in hot_keys:
        keys.setdefault(table, set()).add(key)
    return Routing(
        columns={
            places[offset]: _STORED_AS.get(table, table)
            for offset, table in base.items()
            if offset in places
        },
        keys={table: frozenset(some) for table, some in keys.items()},
    )
