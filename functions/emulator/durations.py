"""Protobuf's times and durations, to and from whole microseconds.

What comes over the wire may hold any two integers, however absurd: these functions only compute,
and the callers check the ranges.
"""

from __future__ import annotations

from typing import Any

from functions.emulator.clock import SECOND

_NANOS = 1_000  # nanoseconds in a microsecond


def to_micros(message: Any) -> int:
    """Return the microseconds of a ``Timestamp`` or ``Duration``, truncated."""
    return int(message.seconds) * SECOND + int(message.nanos) // _NANOS


def set_micros(message: Any, micros: int) -> None:
    """Write microseconds into a ``Timestamp`` or ``Duration``."""
    message.seconds, rest = divmod(micros, SECOND)
    message.nanos = rest * _NANOS
