"""Durations: ``15m`` as people write them, ``PT15M`` as Logfire does, and seconds between them."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DAY: Final = 86400
_SHORT: Final = re.compile(r"(\d{1,9})([smhdw])")
_ISO: Final = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
"""https://en.wikipedia.org/wiki/ISO_8601#Durations, without years and months."""

WINDOWS: Final = ("1m", "2m", "5m", "10m", "15m", "30m", "1h", "6h", "12h", "24h", "7d", "30d")
"""What Logfire accepts as the time window of an alert; as its frequency, up to a day."""

FREQUENCIES: Final = WINDOWS[:10]


def parse_duration(text: str) -> int:
    """Return the seconds of ``15m`` or ``PT15M``.

    Raises:
        ValueError: It is neither.
    """
    if match := _SHORT.fullmatch(text.strip().lower()):
        return int(match[1]) * _UNITS[match[2]]
    match = _ISO.fullmatch(text.strip().upper())
    if match is None or not any(match.groups()):
        raise ValueError(f"{text!r} is no duration: write it as 30s, 15m, 24h or 7d")
    return sum(
        int(number or 0) * _UNITS[unit]
        for number, unit in zip(match.groups(), "wdhms", strict=True)
    )


def format_iso(seconds: int) -> str:
    """Return a duration as Logfire's alerts have it: ``PT15M``, ``PT24H``, ``P7D``."""
    if seconds % _DAY == 0 and seconds > _DAY:
        return f"P{seconds // _DAY}D"
    for unit, letter in ((3600, "H"), (60, "M")):
        if seconds and seconds % unit == 0:
            return f"PT{seconds // unit}{letter}"
    return f"PT{seconds}S"


def format_short(seconds: int) -> str:
    """Return a duration as dashboards have it, in the largest unit that fits: ``24h``, ``90s``."""
    for letter in "wdhm":
        if seconds and seconds % _UNITS[letter] == 0 and (letter in "hm" or seconds > _DAY):
            return f"{seconds // _UNITS[letter]}{letter}"
    return f"{seconds}s"


def _seconds(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


Duration = Annotated[int, BeforeValidator(_seconds, json_schema_input_type=str)]
"""Seconds, written as ``15m``."""


def _one_of(allowed: tuple[str, ...]) -> AfterValidator:
    seconds = [parse_duration(each) for each in allowed]

    def check(value: int) -> int:
        if value not in seconds:
            raise ValueError(f"Logfire takes only {', '.join(allowed)}")
        return value

    return AfterValidator(check)


Window = Annotated[Duration, _one_of(WINDOWS), Field(examples=list(WINDOWS))]
Frequency = Annotated[Duration, _one_of(FREQUENCIES), Field(examples=list(FREQUENCIES))]
