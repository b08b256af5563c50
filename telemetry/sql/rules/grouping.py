"""Columns that are neither grouped nor aggregated."""

from __future__ import annotations

from typing import ClassVar

from telemetry.lint.plans import RefusalKind
from telemetry.lint.rule import QueryRule


class Grouping(QueryRule):
    """A column that is neither grouped nor aggregated.

    Beside an aggregate, each selected column is one that the rows are grouped by.

    Anti-pattern::

        SELECT service_name, count(*) FROM records

    Best practice::

        SELECT service_name, count(*) FROM records GROUP BY service_name
    """

    code = "MS016"
    name = "sql.grouping"
    refusals: ClassVar = frozenset({RefusalKind.GROUPING})
