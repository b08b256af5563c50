"""The hours of a delivery schedule: days of the week and times of the day, in its time zone.

Who waits for the next opening asks the clock minute by minute, so that a day on which it is put
forward or back needs no case of its own: a minute that does not exist never comes, and one that
comes twice is open twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import datetime

_HOUR: Final = 60
_DAY: Final = 24 * _HOUR
_WEEK: Final = 7 * _DAY
_MINUTE: Final = timedelta(minutes=1)
_LOOK_AHEAD: Final = 2 * _WEEK + _DAY
"""Minutes: a window that lies where the clock is put forward opens a week later."""


@dataclass(frozen=True, slots=True)
class Window:
    """Hold one of the windows.

    Attributes:
        days: From Monday, 1, to Sunday, 7.
        start: Its first minute of the day.
        end: The first minute after it.
    """

    days: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DeliveryHours:
    """Hold when messages are delivered.

    Attributes:
        timezone: Of the IANA database; what the windows' times are in.
        windows: When.
    """

    timezone: str
    windows: tuple[Window, ...]

    def is_open(self, moment: datetime) -> bool:
        """Say whether messages are delivered at a moment."""
        local = moment.astimezone(ZoneInfo(self.timezone))
        minutes = local.weekday() * _DAY + local.hour * _HOUR + local.minute
        return bool(_open_minutes(self.windows)[minutes])

    def next_opening(self, moment: datetime) -> datetime:
        """Return the first moment from ``moment`` on at which messages are delivered."""
        if self.is_open(moment):
            return moment
        return _find_opening(self, moment.replace(second=0, microsecond=0))


def read_minutes(text: str) -> int:
    """Return the minute of the day that ``09:30`` is."""
    hours, _, minutes = text.partition(":")
    return int(hours) * _HOUR + int(minutes)


@lru_cache(256)
def _find_opening(hours: DeliveryHours, minute: datetime) -> datetime:
    opening = (minute + number * _MINUTE for number in range(1, _LOOK_AHEAD))
    return next(filter(hours.is_open, opening), minute + _LOOK_AHEAD * _MINUTE)


@lru_cache(256)
def _open_minutes(windows: tuple[Window, ...]) -> bytes:
    """Return a byte for each minute of the week: 1 where it is within a window."""
    week = bytearray(_WEEK)
    for window in windows:
        for day in window.days:
            first = (day - 1) * _DAY
            week[first + window.start : first + window.end] = b"\1" * (window.end - window.start)
    return bytes(week)
