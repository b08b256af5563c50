"""Durations as people write them on a command line: ``30s``, ``15m``, ``24h``, ``7d``."""

from __future__ import annotations

import re
from typing import Final

import click

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_LONGEST: Final = 100 * 366 * 86400.0
"""Seconds: a century, well within what dates can express."""

_WRITTEN: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*([smhdw])")


class DurationType(click.ParamType[float]):
    """Convert ``15m`` to seconds."""

    name = "duration"

    def convert(
        self,
        value: str | float,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Return seconds, more than none."""
        if not isinstance(value, str):
            return value
        match = _WRITTEN.fullmatch(value.strip().lower())
        seconds = float(match[1]) * _SECONDS[match[2]] if match else 0.0
        if not 0 < seconds <= _LONGEST:
            self.fail(f"{value!r} is no duration: write it as 30s, 15m, 24h or 7d.", param, ctx)
        return seconds


DURATION: Final = DurationType()
