"""Durations as alerts have them, in ISO 8601: read in any spelling, given back in one.

https://en.wikipedia.org/wiki/ISO_8601#Durations
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

_DAY: Final = 86_400
_FORM: Final = re.compile(
    r"P(?:(?P<weeks>\d{1,3})W)?(?:(?P<days>\d{1,4})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,5})H)?(?:(?P<minutes>\d{1,6})M)?(?:(?P<seconds>\d{1,8})S)?)?",
    re.ASCII,
)
"""Without years and months, whose length nobody knows."""

_SECONDS: Final = {"weeks": 7 * _DAY, "days": _DAY, "hours": 3600, "minutes": 60, "seconds": 1}

WINDOWS: Final = (
    *("PT1M", "PT2M", "PT5M", "PT10M", "PT15M", "PT30M"),
    *("PT1H", "PT6H", "PT12H", "PT24H", "P7D", "P30D"),
)
"""How far back an alert may look: these, and nothing between them."""

FREQUENCIES: Final = WINDOWS[: WINDOWS.index("PT24H") + 1]
"""How often it may run."""


def read_seconds(text: str) -> int:
    """Return how long a duration is.

    Raises:
        ValueError: It is none.
    """
    match = _FORM.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ValueError("it is no ISO 8601 duration of weeks, days, hours, minutes or seconds")
    return sum(int(number or 0) * _SECONDS[unit] for unit, number in match.groupdict().items())


def write_iso(seconds: int) -> str:
    """Return a duration in the one spelling that is given back."""
    if seconds > _DAY and seconds % _DAY == 0:
        return f"P{seconds // _DAY}D"
    for length, letter in ((3600, "H"), (60, "M")):
        if seconds and seconds % length == 0:
            return f"PT{seconds // length}{letter}"
    return f"PT{seconds}S"


def _write_anew(text: str) -> str:
    return write_iso(read_seconds(text))


def _one_of(allowed: tuple[str, ...]) -> AfterValidator:
    def check(text: str) -> str:
        spelling = _write_anew(text)
        if spelling not in allowed:
            raise ValueError(f"it must be one of {', '.join(allowed)}")
        return spelling

    return AfterValidator(check)


_Text = Annotated[str, Field(max_length=40)]
Window = Annotated[_Text, _one_of(WINDOWS)]
Frequency = Annotated[_Text, _one_of(FREQUENCIES)]
Watermark = Annotated[_Text, AfterValidator(_write_anew)]
