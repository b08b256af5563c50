"""When an alert is due: at whole multiples of its frequency, counted from 1970 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import timedelta

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def last_due(every: timedelta, now: datetime) -> datetime:
    """Return the latest moment up to ``now`` that is due."""
    return _EPOCH + (now - _EPOCH) // every * every


def next_due(every: timedelta, now: datetime) -> datetime:
    """Return the first moment after ``now`` that is due."""
    return last_due(every, now) + every


class Timetable:
    """Say which alerts are to be run, each moment once.

    A moment that has passed unseen, as while the emulator was down or the alert inactive, is not
    made up for: the next one is due.

    Args:
        start: From when on moments count.
    """

    def __init__(self, start: datetime) -> None:
        self._looked = start
        self._after: dict[str, datetime] = {}

    def find_due(self, frequencies: dict[str, timedelta], now: datetime) -> dict[str, datetime]:
        """Return the alerts that are due, each with its moment; they count as run.

        Args:
            frequencies: Of all alerts that are active, by what they are called.
            now: The time.
        """
        # Where the clock was put back, what lies ahead of it is forgotten: nothing waits for it.
        began = min(self._looked, now)
        self._after = {alert: min(self._after.get(alert, began), now) for alert in frequencies}
        self._looked = now
        due = {
            alert: moment
            for alert, every in frequencies.items()
            if (moment := last_due(every, now)) > self._after[alert]
        }
        self._after |= due
        return due
