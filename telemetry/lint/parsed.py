"""A query as rules see it: text, tokens, tree, and what the engine says; each made when asked."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from telemetry.errors import InvalidSql
from telemetry.lint.plans import Plan, Refusal, RefusalKind
from telemetry.lint.variables import Use, fill_in, find_uses, without_braces
from telemetry.sql.pieces import PositionMap, join, offset_of
from telemetry.sql.schema import TABLES
from telemetry.sql.tokens import Tokens

if TYPE_CHECKING:
    from telemetry.definitions.declarations import Names
    from telemetry.lint.planning import Planner
    from telemetry.lint.subjects import Subject

COLUMNS: Final = {table.name: frozenset(table.column_names) for table in TABLES}

_SET_OPERATIONS: Final = frozenset({"UNION", "INTERSECT", "EXCEPT"})
_LONGEST: Final = 32 * 1024
"""Characters of a query that is read as a tree."""


_MOST_TOKENS: Final = 3_000
"""Of a query that is planned: twice as many take the engine four times as long."""

_TOO_LONG: Final = Refusal(
    RefusalKind.TYPES,
    f"the query is too long to be judged: more than {_MOST_TOKENS:,} words and signs",
    "Make several of it",
)


class ParsedQuery:
    """Hold a query and everything that can be found out about it.

    Args:
        subject: The query.
        names: What is declared.
        planner: The engine; None where it is not installed.
    """

    def __init__(self, subject: Subject, names: Names, planner: Planner | None) -> None:
        self.subject = subject
        self.names = names
        self.planner = planner
        self.text = f"{subject.prefix}{subject.sql}{subject.suffix}"
        """What places of remarks are in: the SQL, or what is made of a condition."""
        self.variables = dict(subject.variables)

    @cached_property
    def uses(self) -> list[Use]:
        """Where variables are used."""
        return find_uses(self.text)

    @cached_property
    def tokens(self) -> Tokens:
        """Its tokens; none where it has none."""
        try:
            return Tokens(without_braces(self.text))
        except InvalidSql:
            return Tokens("")

    @cached_property
    def tree(self) -> exp.Expr | None:
        """Its tree; None where it is no single statement."""
        if len(self.text) > _LONGEST or not self.tokens.all:
            return None
        try:
            found = [each for each in Postgres().parse(without_braces(self.text)) if each]
        except (SqlglotError, RecursionError, ValueError):
            return None
        return found[0] if len(found) == 1 else None

    @cached_property
    def is_set_operation(self) -> bool:
        """Whether it puts together what several SELECTs return."""
        return any(token.word in _SET_OPERATIONS for token in self.tokens.all)

    @cached_property
    def outermost(self) -> frozenset[str]:
        """The words that stand in no brackets, in capitals."""
        tokens = self.tokens
        return frozenset(
            token.word
            for token, opening in zip(tokens.all, tokens.enclosing, strict=False)
            if opening is None
        )

    @cached_property
    def scopes(self) -> list[Scope]:
        """The scopes of its SELECTs, from the inside out; none where it has no tree."""
        if self.tree is None:
            return []
        try:
            return traverse_scope(self.tree)
        except (SqlglotError, RecursionError):
            return []

    @cached_property
    def plan(self) -> Plan:
        """What the engine says of it, in places of ``text``."""
        if self.planner is None:
            return Plan()
        if len(self.tokens) > _MOST_TOKENS:
            return Plan(_TOO_LONG)
        pieces = fill_in(self.text, self.uses, self.variables)
        plan = self.planner.plan(join(pieces))
        refusal = plan.refusal
        if refusal is None:
            return plan
        kind = refusal.kind
        if not self.tokens.all:
            kind = RefusalKind.SYNTAX
        line, column = refusal.line, refusal.column
        if line is not None and column is not None:
            line, column = PositionMap(self.text, pieces).to_user(line, column)
        return Plan(Refusal(kind, refusal.message, refusal.hint, line, column))

    @property
    def is_refused(self) -> bool:
        """Whether the engine refuses it; also true where there is no engine to ask."""
        return self.planner is None or self.plan.refusal is not None

    @property
    def refused_at(self) -> int:
        """Where in ``text`` the engine says it is wrong."""
        refusal = self.plan.refusal
        if refusal is None or refusal.line is None or refusal.column is None:
            return len(self.subject.prefix)
        return offset_of(self.text, refusal.line, refusal.column)

    @cached_property
    def tables(self) -> dict[int, str]:
        """The table that a column belongs to, by the column's place; others are left out."""
        found: dict[int, str] = {}
        for scope in self.scopes:
            for column in scope.columns:
                start = start_of(column)
                table = _table_of(scope, column)
                if table is not None:
                    found.setdefault(start, table)
        return found


def _table_of(scope: Scope, column: Any) -> str | None:
    selected = scope.selected_sources
    if column.table:
        source = selected.get(column.table, (None, None))[1]
    elif len(selected) == 1:
        source = next(iter(selected.values()))[1]
    else:
        return None
    if isinstance(source, exp.Table) and not source.db and source.name in COLUMNS:
        return str(source.name)
    return None


def start_of(node: exp.Expr) -> int:
    """Return where a part of the tree begins in the text; 0 where nothing in it says so."""
    return min((each.meta["start"] for each in node.walk() if "start" in each.meta), default=0)


def end_of(node: exp.Expr) -> int:
    """Return where what follows a part of the tree begins; 0 where nothing in it says so."""
    return max((each.meta["end"] + 1 for each in node.walk() if "end" in each.meta), default=0)


def bare(node: Any) -> Any:
    """Return a part of the tree without brackets around it."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node
