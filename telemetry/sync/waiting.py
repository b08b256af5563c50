"""How long to wait before a request is made again."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

RETRIABLE: Final = frozenset({408, 429, 500, 502, 503, 504})
"""What may be different the next time; any other 5xx is taken as these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Say how often to try and how long to wait in between.

    Attributes:
        attempts: How often a request is made at most.
        first: Seconds before the second attempt, at most; doubled for each one after.
        most: Seconds that are waited at most of our own accord.
        longest: Seconds that are waited at most because the server says so.
        jitter: A number from 0 to 1: clients that failed together do not return together.
    """

    attempts: int = 5
    first: float = 0.5
    most: float = 15.0
    longest: float = 120.0
    jitter: Callable[[], float] = field(default=random.random)

    def seconds(self, attempt: int, retry_after: float | None) -> float | None:
        """Return how long to wait after an attempt, from 1; None to give up.

        Args:
            attempt: Which one has just failed.
            retry_after: What the server said, if it did.
        """
        if attempt >= self.attempts or (retry_after or 0) > self.longest:
            return None
        if retry_after is not None:
            # Never earlier than it said, and not all at the same moment.
            return retry_after + self.jitter() * self.first
        return float(min(self.first * 2 ** (attempt - 1), self.most)) * (0.5 + self.jitter() / 2)


def parse_retry_after(header: str | None, now: datetime | None = None) -> float | None:
    """Return the seconds that a ``Retry-After`` header says; None where it says nothing.

    It is a number of seconds or a date: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        then = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return max(0.0, (then - (now or datetime.now(UTC))).total_seconds())
