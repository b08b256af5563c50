"""DataFusion's messages, told to the person who wrote the query."""

from __future__ import annotations

import ast
import difflib
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from telemetry.emulator.arrow import INTERNAL_PREFIX
from telemetry.emulator.engine.query import MOST_MEMORY
from telemetry.emulator.engine.readable import readable, readable_type
from telemetry.emulator.engine.wire import TOO_LARGE
from telemetry.errors import (
    InvalidMetric,
    InvalidQuery,
    QueryError,
    QueryFailed,
    QueryOutOfMemory,
)
from telemetry.sql import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LOGFIRE_FUNCTIONS: Final = (
    "json_as_text",
    "json_contains",
    "json_get",
    "json_get_bool",
    "json_get_float",
    "json_get_int",
    "json_get_json",
    "json_get_str",
    "json_length",
    "metric_increase",
    "metric_merge",
    "metric_quantile",
    "metric_rate",
    "time_bucket",
)
"""Functions that rewriting takes out, so that DataFusion knows nothing of them."""

_BROKE: Final = "The engine could not run this query"
_SIMPLIFY: Final = "Leave parts of it out to see which one it is"
_LONGEST: Final = 400
_NEAREST: Final = 3
_SIMILAR: Final = 0.7
"""How alike two names are, of 1, for one to be meant where the other is written."""
_CAST: Final = "Cast it, as in (attributes->>'n')::double precision"
_METRIC: Final = "The metric functions take value, the column of metrics"


_Place = tuple[int, int]


class Context(NamedTuple):
    """Hold what an explanation may draw on.

    Attributes:
        sql: What the user wrote.
        functions: What functions there are, where one is unknown.
        find: Says where, by line and column, a name first is in what the user wrote.
        to_user: Translates a place in the rewritten text into one in the user's.
        memory: The bytes that a query may take.
    """

    sql: str
    functions: tuple[str, ...]
    find: Callable[[str], _Place | None]
    to_user: Callable[[int, int], _Place]
    memory: int = MOST_MEMORY


def tell_memory(memory: int) -> QueryOutOfMemory:
    """Return the error of a query that needs more than so many bytes, whoever has noticed."""
    return QueryOutOfMemory(
        f"The query needs more than the {memory >> 20} MiB of memory that a query may take",
        hint="Narrow its time range, select fewer columns, group by fewer values, or sort with a"
        " LIMIT",
    )


def explain(message: str, context: Context) -> QueryError:
    """Return an error that says what is wrong in the user's words.

    Args:
        message: DataFusion's.
        context: Of the query.
    """
    text = _bare(message)
    for pattern, tell in _RULES:
        match = pattern.search(text)
        if match is not None:
            return tell(match, context)
    return _as_it_is(text)


_WRAPPINGS: Final = re.compile(
    r"^(?:DataFusion error: |Error during planning: |Execution error: |Arrow error: |"
    r"Schema error: |SQL error: |External error: |Internal error: |"
    r"Optimizer rule '\w+' failed\s*caused by\s*|"
    r"type_coercion\s*caused by\s*|Parser error: |Invalid argument error: |"
    r"This feature is not implemented: )+"
)
_BOILERPLATE: Final = re.compile(
    r"\.?\s*(?:This issue was likely caused by a bug in DataFusion's code|Candidate functions:|"
    r"You might need to add explicit type casts|backtrace:).*",
    re.DOTALL,
)


def _bare(message: str) -> str:
    return _WRAPPINGS.sub("", message.strip())


def _at(place: _Place | None) -> dict[str, Any]:
    return {} if place is None else {"line": place[0], "column": place[1]}


def _nearest(name: str, among: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(name.lower(), sorted(set(among)), _NEAREST, _SIMILAR)


def _tell_syntax(match: re.Match[str], context: Context) -> QueryError:
    expected, line, column = match.groups()
    place = context.to_user(int(line), int(column)) if line else None
    said = re.sub("(?i)expected:? ", "expected ", readable(expected))
    said = said.replace("found: EOF", "found the end of the query").replace("found: ", "found ")
    return InvalidQuery(f"Syntax error: {said}", **_at(place))


def _tell_column(match: re.Match[str], context: Context) -> QueryError:
    name = _unquote(match["name"])
    qualifier, _, column = name.rpartition(".")
    fields = [_unquote(field) for field in (match["fields"] or "").split(", ")]
    known = [field.rpartition(".") for field in fields if field]
    in_scope = [one for one in known if qualifier in ("", one[0])] or known
    tables = sorted({table for table, _, _ in in_scope if table and not table.startswith("?")})
    names = {name for _, _, name in in_scope if not name.startswith(INTERNAL_PREFIX)}
    if column in names and qualifier not in tables:
        return InvalidQuery(
            f"No table {qualifier!r} in this query",
            **_at(context.find(qualifier)),
            hint=f"There are: {', '.join(tables)}",
        )
    where = f" in {', '.join(tables)}" if tables else ""
    return InvalidQuery(
        f"No column {column!r}{where}",
        **_at(context.find(column)),
        hint=_column_hint(column, names, context.sql),
    )


def _column_hint(column: str, names: set[str], sql: str) -> str:
    elsewhere = [table.name for table in schema.TABLES if column in table.column_names]
    if elsewhere:
        return f"It is a column of {elsewhere[0]}"
    if f'"{column}"' in sql:
        return f"Double quotes name columns; a text goes in single quotes: '{column}'"
    nearest = _nearest(column, names)
    if nearest:
        return f"Nearest: {', '.join(nearest)}"
    if "attributes" in names:
        return f"If it is an attribute, write attributes->>'{column}'"
    return f"There are: {', '.join(sorted(names))}" if names else ""


def _unquote(name: str) -> str:
    return name.replace('"', "")


def _tell_table(match: re.Match[str], context: Context) -> QueryError:
    name = match[1]
    tables = [table.name for table in schema.TABLES]
    nearest = _nearest(name, tables)
    there_are = f"There are {', '.join(tables[:-1])} and {tables[-1]}"
    return InvalidQuery(
        f"No table {name!r}",
        **_at(context.find(name)),
        hint=f"Nearest: {nearest[0]}. {there_are}" if nearest else there_are,
    )


def _tell_table_function(match: re.Match[str], context: Context) -> QueryError:
    return InvalidQuery(
        f"No table function {match[1]!r}",
        **_at(context.find(match[1])),
        hint="There are generate_series, range and unnest",
    )


def _tell_function(match: re.Match[str], context: Context) -> QueryError:
    name = match[1]
    nearest = _nearest(name, [*context.functions, *LOGFIRE_FUNCTIONS])
    return InvalidQuery(
        f"No function {name!r}",
        **_at(context.find(name)),
        hint=f"Nearest: {', '.join(nearest)}" if nearest else "",
    )


def _tell_arguments(match: re.Match[str], context: Context) -> QueryError:
    name, arguments = readable(match["name"]), readable_type(match["arguments"])
    hint = _METRIC if name.startswith("metric_") else _CAST if "text" in arguments else ""
    return InvalidQuery(f"{name} does not take ({arguments})", **_at(context.find(name)), hint=hint)


def _tell_number_of_arguments(match: re.Match[str], context: Context) -> QueryError:
    name, expected, given = match.groups()
    return InvalidQuery(
        f"{readable(name)} takes {expected} argument{'s' * (expected != '1')}, not {given}",
        **_at(context.find(readable(name))),
    )


def _tell_no_metric(match: re.Match[str], _: Context) -> QueryError:
    kind = readable_type(match[1]).removesuffix("[]")
    return InvalidQuery(f"A metric function was given {kind}", hint=_METRIC)


def _tell_pattern(match: re.Match[str], _: Context) -> QueryError:
    return InvalidQuery(f"The regular expression does not compile: {match[1].strip()}")


def _tell_operands(match: re.Match[str], _: Context) -> QueryError:
    operation = readable_type(match[1])
    is_time_and_text = "timestamp" in operation and "text" in operation
    return InvalidQuery(
        f"No such operation: {operation}",
        hint="A span of time is written INTERVAL '1 hour'"
        if is_time_and_text
        else "Cast one side to the type of the other, as in (attributes->>'n')::double precision",
    )


def _tell_grouping(match: re.Match[str], context: Context) -> QueryError:
    expression = _without_table(readable(match[1]))
    return InvalidQuery(
        f"{expression} is neither grouped nor aggregated",
        **_at(context.find(expression)),
        hint=f"Add it to GROUP BY, or aggregate it, as in max({expression})",
    )


def _without_table(expression: str) -> str:
    return re.sub(r"^\w+\.(?=\w+$)", "", expression)


def _tell_duplicate(match: re.Match[str], _: Context) -> QueryError:
    one, other = (readable(text) for text in match.groups())
    return InvalidQuery(
        f"Two columns would have the same name: {one} and {other}",
        hint="Give one of them a name of its own with AS",
    )


def _tell_ambiguous(match: re.Match[str], context: Context) -> QueryError:
    name = _unquote(match[1])
    return InvalidQuery(
        f"{name!r} is a column of more than one table here",
        **_at(context.find(name)),
        hint=f"Say which, as in a.{name}",
    )


def _tell_cast(match: re.Match[str], _: Context) -> QueryError:
    return QueryFailed(
        f"{match[1]} cannot be read as {readable_type(match[2])}",
        hint="TRY_CAST(… AS type) gives NULL where a value does not fit",
    )


def _tell_zero(_match: re.Match[str], _: Context) -> QueryError:
    return QueryFailed("Division by zero", hint="Divide by NULLIF(…, 0) to have NULL instead")


def _tell_memory(_match: re.Match[str], context: Context) -> QueryError:
    return tell_memory(context.memory)


def _tell_size(match: re.Match[str], _: Context) -> QueryError:
    return QueryOutOfMemory(
        match[0], hint="Select fewer columns, shorten texts with left(…), or lower the limit"
    )


def _tell_metric(match: re.Match[str], _: Context) -> QueryError:
    # Python's own spelling of the message.
    return InvalidMetric(str(ast.literal_eval(match[1])))


def _tell_statement(_match: re.Match[str], _: Context) -> QueryError:
    return InvalidQuery("Only SELECT may be run", hint="Begin the query with SELECT or WITH")


def _tell_broken(_match: re.Match[str], _: Context) -> QueryError:
    return QueryFailed(_BROKE, hint=_SIMPLIFY)


_Rule = tuple[re.Pattern[str], "Callable[[re.Match[str], Context], QueryError]"]

_RULES: Final[tuple[_Rule, ...]] = tuple(
    (re.compile(pattern, re.DOTALL), tell)
    for pattern, tell in (
        (r"value: InvalidMetric\((.*?)\), traceback", _tell_metric),
        (r'ParserError\("(.*?)(?: at Line: (\d+), Column: (\d+))?"\)$', _tell_syntax),
        (
            (
                r'No field named (?P<name>(?:"[^"]*"|[^\s".]+)(?:\.(?:"[^"]*"|[^\s".]+))*)\.'
                r"(?:.*?Valid fields are (?P<fields>.*?)\.?$)?"
            ),
            _tell_column,
        ),
        (r"table function '([^']*)' not found", _tell_table_function),
        (r"table '(?:datafusion\.)?(?:public\.)?([^']*)' not found", _tell_table),
        (r"Invalid function '([^']*)'", _tell_function),
        (
            r"^Function '(\w+)' expects (\d+) arguments? but received (\d+)\. No function",
            _tell_number_of_arguments,
        ),
        (
            (
                r"No function matches the given name and argument types "
                r"'(?P<name>\w+)\((?P<arguments>.*?)\)'(?:\.|$)"
            ),
            _tell_arguments,
        ),
        (r"Cannot coerce arithmetic expression (.*?) to valid types", _tell_operands),
        (r"Cannot infer common argument type for comparison operation (.*)$", _tell_operands),
        (r"There isn't a common type to coerce (.*?) expression", _tell_operands),
        (r'expanding wildcard, column "(.*?)" must appear in the GROUP BY', _tell_grouping),
        (r'column "(.*?)" must appear in the GROUP BY', _tell_grouping),
        (
            (
                r'unique expression names but the expression "(.*?)" at position \d+'
                r' and "(.*?)" at position'
            ),
            _tell_duplicate,
        ),
        (r"Ambiguous reference to unqualified field ([^\s.]+)", _tell_ambiguous),
        (r"Cannot cast string ('.*?') to value of (.*?) type", _tell_cast),
        (r"Cast error: (?:Can't|Cannot) cast value (\S+) to type (\w+)", _tell_cast),
        (r"Cannot automatically convert (.*) to (?:List\()?Struct\(", _tell_no_metric),
        (r"[Rr]egular expression did not compile.*?error: ([^\n]*)", _tell_pattern),
        (r"[Dd]ivide by zero", _tell_zero),
        (rf"{TOO_LARGE} \d+ MiB", _tell_size),
        (r"Resources exhausted|memory pool|Memory Exhausted", _tell_memory),
        (r"(?:DDL|DML|Statement) not supported", _tell_statement),
        (r"PyErr|panicked|PanicException|\.rs:\d+|offsets must be|bug in DataFusion", _tell_broken),
    )
)


def _as_it_is(text: str) -> QueryError:
    text = _BOILERPLATE.sub("", text.partition("\nValid fields")[0])
    shown = readable_type(readable(" ".join(text.split())))
    if not shown or "/" in re.sub(r"'[^']*'", "", shown):
        return QueryFailed(_BROKE, hint=_SIMPLIFY)
    return InvalidQuery(shown[:_LONGEST])
