"""Mutations of alerts: each is a mistake that somebody could make, and that a test should find."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from telemetry.definitions.durations import WINDOWS, parse_duration
from telemetry.sql.schema import LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.definitions.alerts import Alert

_TOKEN: Final = re.compile(
    r"""
    (?P<comment>--[^\n]*)
    | (?P<interval>interval\s+'(?P<number>\d+)\s(?P<unit>\w+)')
    | (?P<quoted>'(?:[^']|'')*')
    | (?P<position>(?:GROUP\ BY\s+\d+(?:,\s*\d+)*|LIMIT\s+\d+))
    | (?P<arrow>->>?)
    | (?P<comparison><=|>=|<>|<|>|=)
    | (?P<default>,\s(?P<last>\d+)\))
    | (?P<decimal>\d+\.\d+)
    | (?P<word>\w*[A-Za-z_]\w*)
    | (?P<integer>\d+)
    """,
    re.VERBOSE,
)
"""What is mutated, and what only looks like it: how many rows are returned and which column is
grouped by are no thresholds."""

_FLIPPED: Final = {
    ">": (">=", "<="),
    ">=": (">", "<"),
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    "=": ("<>",),
    "<>": ("=",),
}
_HALVES: Final = {"day": "12 hours", "hour": "30 minutes"}

_FAR: Final = 150
"""How far the last argument of a function is moved: a value in the place of NULL has to become one
that counts."""


@dataclass(frozen=True)
class Mutation:
    """Hold an alert with one mistake in it.

    Attributes:
        what: The mistake, as ``line 12: > becomes >=``.
        alert: The alert.
    """

    what: str
    alert: Alert


def mutate(alert: Alert) -> Iterator[Mutation]:
    """Give every mutation of an alert."""
    for found in _TOKEN.finditer(alert.sql):
        line = alert.sql.count("\n", 0, found.start()) + 1
        for text in _replace(found):
            sql = alert.sql[: found.start()] + text + alert.sql[found.end() :]
            what = f"line {line}: {found[0]} becomes {text}"
            yield Mutation(what, alert.model_copy(update={"sql": sql}))
    allowed = [parse_duration(each) for each in WINDOWS]
    index = allowed.index(alert.window)
    for other in (index - 1, index + 1):
        if 0 <= other < len(allowed):
            what = f"the window {WINDOWS[index]} becomes {WINDOWS[other]}"
            yield Mutation(what, alert.model_copy(update={"window": allowed[other]}))
    watermark = 0 if alert.watermark else 60
    yield Mutation(
        f"the watermark {alert.watermark} becomes {watermark}",
        alert.model_copy(update={"watermark": watermark}),
    )


def _replace(found: re.Match[str]) -> tuple[str, ...]:
    text = found[0]
    match found.lastgroup:
        case "interval":
            return _change_interval(int(found["number"]), found["unit"])
        case "comparison":
            return _FLIPPED[text]
        case "quoted":
            return _change_text(text[1:-1])
        case "integer" | "decimal":
            return _change_number(text)
        case "default":
            return f", {int(found['last']) - _FAR})", f", {int(found['last']) + _FAR})"
    return ()


def _change_interval(number: int, unit: str) -> tuple[str, ...]:
    half = _HALVES[unit] if number == 1 else f"{number // 2} {unit}"
    return f"interval '{half}'", f"interval '{number * 2} {unit}'"


def _change_number(text: str) -> tuple[str, ...]:
    if "." in text:
        return f"{float(text) * 0.95:g}", f"{float(text) * 1.05:g}"
    return str(int(text) - 1), str(int(text) + 1)


def _change_text(text: str) -> tuple[str, ...]:
    if text in LEVELS:
        names = list(LEVELS)
        at = names.index(text)
        return f"'{names[at - 1]}'", f"'{names[at + 1]}'"
    return (f"'{text[1:] or 'x'}'",)
