"""How long something took, as people read it."""

from __future__ import annotations

from typing import Final

_MILLISECOND: Final = 1e-3
_MINUTE: Final = 60.0
_HOUR: Final = 3_600.0
_DAY: Final = 86_400.0


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
