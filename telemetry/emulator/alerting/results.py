"""What a run of an alert has found, kept small: its first rows, their number, and a digest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from telemetry.alerting.notifications import notifies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telemetry.definitions.alerts import NotifyWhen

MOST_ROWS: Final = 100
"""How many rows are kept, and sent."""

MOST_BYTES: Final = 65_536
"""How large they may be together, as JSON."""


@dataclass(frozen=True, slots=True)
class Result:
    """Hold what a query has returned.

    Attributes:
        rows: The first rows, as many as are kept.
        length: How many there were.
        digest: The same for the same rows in any order; "" where there were none.
    """

    rows: list[dict[str, Any]]
    length: int
    digest: str

    @property
    def is_cut(self) -> bool:
        """Whether there were more rows than are kept."""
        return len(self.rows) < self.length


NOTHING: Final = Result([], 0, "")


def summarize(rows: Sequence[dict[str, Any]]) -> Result:
    """Return what is kept of the rows of a query."""
    texts = [orjson.dumps(row, option=orjson.OPT_SORT_KEYS) for row in rows]
    kept, size = 0, 0
    for text in texts[:MOST_ROWS]:
        size += len(text)
        if size > MOST_BYTES:
            break
        kept += 1
    return Result(list(rows[:kept]), len(rows), _digest(texts))


def is_told(mode: NotifyWhen, before: Result, result: Result) -> bool:
    """Say whether a run of an alert tells somebody.

    Args:
        mode: The alert's ``notify_when``.
        before: What the run before has found.
        result: What this one has.
    """
    return notifies(mode, _stand_in(before), _stand_in(result))


def _stand_in(result: Result) -> list[dict[str, Any]]:
    """Return rows that are there where the result's are, and the same where those are."""
    return [{"digest": result.digest}] if result.length else []


def _digest(texts: list[bytes]) -> str:
    if not texts:
        return ""
    digest = hashlib.sha256()
    for text in sorted(texts):
        digest.update(len(text).to_bytes(8, "big"))
        digest.update(text)
    return digest.hexdigest()
