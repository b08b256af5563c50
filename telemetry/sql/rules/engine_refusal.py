"""Types that do not fit, as the engine sees them."""

from __future__ import annotations

from typing import ClassVar

from telemetry.lint.plans import RefusalKind
from telemetry.lint.rule import QueryRule


class EngineRefusal(QueryRule):
    """A query that the engine refuses to plan.

    Each query is planned, over empty tables, on Apache DataFusion, which is what Logfire runs; what
    it says of types and arguments is told here before a deploy. Nothing is run.

    Anti-pattern::

        SELECT metric_rate(scalar_value, recorded_timestamp) FROM metrics

    Best practice::

        SELECT metric_rate(value, recorded_timestamp) FROM metrics
    """

    code = "MS009"
    name = "types.refused"
    refusals: ClassVar = frozenset({RefusalKind.TYPES})
