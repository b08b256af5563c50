"""What an alert is back-tested over: stored telemetry that can be asked in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

MOST_ROWS: Final = 10_000
"""As many as the query API returns at most; an answer of so many may lack some."""


class History(Protocol):
    """Describe what can be asked."""

    def ask(
        self, sql: str, after: datetime, until: datetime, environments: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Return the rows of a query, at most ``MOST_ROWS``.

        Args:
            sql: The query.
            after: Only rows later than this are seen.
            until: Only rows up to this are seen.
            environments: Only rows of these deployment environments are seen; none for all.

        Raises:
            QueryError: It cannot be run.
        """

    def announce(self, count: int) -> None:
        """Take note that so many more queries are to come."""
