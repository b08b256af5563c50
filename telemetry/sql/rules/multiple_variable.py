"""Variables of several values, used as if they were one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from telemetry.lint.findings import Edit, Remark
from telemetry.lint.rule import QueryRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.parsed import ParsedQuery
    from telemetry.lint.variables import Use

_CAST: Final = re.compile(r"\s*\)?\s*::\s*(?:text|varchar)\s*\[\s*\]", re.IGNORECASE)
_CAST_AS: Final = re.compile(r"\s+AS\s+(?:text|varchar)\s*\[\s*\]", re.IGNORECASE)
_EQUALS: Final = re.compile(r"(?<![<>!=])(=|<>|!=)\s*$")
_ANY: Final = re.compile(r"\b(?:ANY|ALL|SOME)\s*\(\s*$", re.IGNORECASE)
_IN: Final = re.compile(r"\b(NOT\s+)?IN\s*\(\s*$", re.IGNORECASE)
_CLOSING: Final = re.compile(r"\s*\)")
_GOES_ON: Final = re.compile(r"\s*(?:\|\||::|[-+*/%])")


class MultipleVariable(QueryRule):
    """A variable of several values, used as if it were one, or the other way round.

    Several values are put in as an array: ``= ANY($stages::text[])`` takes one and many.

    Anti-pattern::

        WHERE attributes->>'stage' = $stages

    Best practice::

        WHERE attributes->>'stage' = ANY($stages::text[])
    """

    code = "MS024"
    name = "variables.multiple"
    explains_refusal = True

    def check(self, query: ParsedQuery) -> Iterator[Remark]:
        """Give each use that does not fit the number of the variable's values."""
        for use in query.uses:
            variable = query.variables.get(use.name)
            if variable is None or use.quoted is not None:
                continue
            is_array = bool(_cast_of(query.text, use))
            if variable.multiple and not is_array:
                yield Remark(
                    start=use.start,
                    end=use.end,
                    message=f"${use.name} may hold several values",
                    hint=f"Write = ANY(${use.name}::text[])",
                    edits=tuple(_edits(query.text, use)),
                )
            elif is_array and not variable.multiple:
                yield Remark(
                    start=use.start,
                    end=use.end,
                    message=f"${use.name} holds one value, and is used as an array",
                    hint="Declare it with `multiple: true`, or compare it with =",
                )


def _cast_of(sql: str, use: Use) -> re.Match[str] | None:
    return _CAST.match(sql, use.end) or _CAST_AS.match(sql, use.end)


def _edits(sql: str, use: Use) -> Iterator[Edit]:
    before, written = sql[: use.start], sql[use.start : use.end]
    closing = _CLOSING.match(sql, use.end)
    if _ANY.search(before) and closing:
        yield Edit(use.end, use.end, "::text[]")
    elif (within := _IN.search(before)) and closing:
        operator = "<> ALL" if within[1] else "= ANY"
        yield Edit(within.start(), closing.end(), f"{operator}({written}::text[])")
    elif (equals := _EQUALS.search(before)) and not _GOES_ON.match(sql, use.end):
        operator = "= ANY" if equals[1] == "=" else "<> ALL"
        yield Edit(equals.start(), use.end, f"{operator}({written}::text[])")
