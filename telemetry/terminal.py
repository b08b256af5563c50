"""Text from outside, made fit for a terminal or a line of a log."""

from __future__ import annotations

import re
from typing import Final

_STEERING: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
"""What moves the cursor, colours, rings, or turns the direction of what is written: telemetry and
definitions repeat what strangers wrote (https://unicode.org/reports/tr9/#Directional_Formatting)."""


def clean(text: str) -> str:
    """Return a text in which nothing steers a terminal; ends of lines and tabs stay."""
    return _STEERING.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def on_one_line(text: str) -> str:
    """Return a text in which nothing steers a terminal, or begins a line."""
    return clean(text).replace("\n", "\\n").replace("\t", "\\t")
