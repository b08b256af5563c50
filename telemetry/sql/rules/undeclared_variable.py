"""Variables that are not declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.definitions.queries import Purpose
from telemetry.lint.findings import Remark
from telemetry.lint.known import nearest
from telemetry.lint.rule import QueryRule
from telemetry.sql.resolution import RESOLUTION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.parsed import ParsedQuery
    from telemetry.lint.variables import Use


class UndeclaredVariable(QueryRule):
    """A variable that is not declared.

    Nothing is put in where it stands, and the query fails. Alerts and objectives have no variables,
    not even ``$resolution``.

    Anti-pattern::

        WHERE service_name = $servce      # the dashboard declares service

    Best practice::

        WHERE service_name = $service
    """

    code = "MS022"
    name = "variables.undeclared"
    explains_refusal = True

    def check(self, query: ParsedQuery) -> Iterator[Remark]:
        """Give each use of a variable that its dashboard and panel do not declare."""
        has_variables = query.subject.purpose is Purpose.PANEL
        known = {RESOLUTION, *query.variables} if has_variables else set()
        for use in query.uses:
            if use.name in known or not (use.quoted is None or (has_variables and _is_all(use))):
                continue
            yield Remark(
                start=use.start,
                end=use.end,
                message=f"the variable ${use.name} is not declared"
                if has_variables
                else f"${use.name}: only dashboards have variables",
                hint=nearest(use.name, known) if has_variables else "Write the value itself",
            )


def _is_all(use: Use) -> bool:
    """Say whether a text is nothing but a variable: who writes that means one."""
    return use.quoted == (use.start - 1, use.end + 1)
