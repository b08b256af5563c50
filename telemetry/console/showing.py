"""How values are written in pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from telemetry.preview.pictures import show
from telemetry.terminal import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MILLISECOND: Final = 1e-3
_MINUTE: Final = 60.0
_HOUR: Final = 3_600.0
_DAY: Final = 86_400.0


def show_time(moment: datetime | str | None) -> str:
    """Return a time to the second, in UTC; "-" for none."""
    if moment is None:
        return "-"
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def show_age(moment: datetime | str | None) -> str:
    """Return how long ago a time is, roughly; "-" for none."""
    if moment is None:
        return "-"
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return f"{show_seconds(max(timedelta(0), datetime.now(UTC) - moment).total_seconds())} ago"


def show_seconds(seconds: float | None) -> str:
    """Return a duration in the unit that suits it; "-" for none."""
    if seconds is None:
        return "-"
    if seconds < _MILLISECOND:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    for limit, size, unit in (
        (_MINUTE, 1.0, "s"),
        (_HOUR, _MINUTE, "min"),
        (2 * _DAY, _HOUR, "h"),
    ):
        if seconds < limit:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / _DAY:.3g} days"


def show_value(value: Any) -> str:
    """Return a value of a row, without what would confuse a reader, as characters for control."""
    return clean(show(value))


FILTERS: Final[Mapping[str, Callable[[Any], str]]] = {
    "age": show_age,
    "seconds": show_seconds,
    "time": show_time,
    "value": show_value,
}
"""What templates write values with."""
