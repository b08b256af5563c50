"""Records and metrics on a time line, written so that a test reads at a glance.

Times are relative to the test's own: ``-5m`` is five minutes before it, ``0m`` the moment itself.
An entry stands for one record, or for many: ``{at: -5m, every: 10s, times: 11}``,
``{at: -1h, until: 0m, per_minute: 2}``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from telemetry.definitions.durations import Duration, parse_duration
from telemetry.definitions.models import Model, Name
from telemetry.sql.schema import LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST: Final = 100_000
"""How many records an entry may stand for."""

FARTHEST: Final = 3660 * 86_400
"""Seconds between a test's time and anything in it: ten years, which no window reaches."""

_INT64: Final = 2**63
"""What integers of attributes are below: more than that has no place in OTLP."""

_OFFSET: Final = re.compile(r"([+-]?)(.+)")
_MINUTE: Final = 60.0

Level = Literal["trace", "debug", "info", "notice", "warn", "error", "fatal"]


def _parse_offset(value: object) -> object:
    if not isinstance(value, str):
        return value
    match = _OFFSET.fullmatch(value.strip())
    if match is None:
        raise ValueError("a time is relative to the test's: write it as -5m, 0m or 10m")
    seconds = parse_duration(match[2])
    return -seconds if match[1] == "-" else seconds


def _check_values(attributes: dict[str, Any]) -> dict[str, Any]:
    for value in _leaves(attributes):
        if isinstance(value, int) and not -_INT64 <= value < _INT64:
            raise ValueError(f"{value} is no integer of 64 bits")
    return attributes


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _leaves(each)
    else:
        yield value


Offset = Annotated[
    int,
    Field(ge=-FARTHEST, le=FARTHEST),
    BeforeValidator(_parse_offset, json_schema_input_type=str),
]
"""Seconds after the test's own time, written as ``-5m``."""


class Entry(Model):
    """Stand for a record or point, or for many of them."""

    model_config = ConfigDict(allow_inf_nan=False)

    at: Offset
    """When it is, or the first of them."""
    until: Offset | None = None
    """When the last of them is at the latest."""
    every: Duration | None = None
    """How long after each the next one follows."""
    per_minute: Annotated[float, Field(gt=0, le=MOST)] | None = None
    """How many there are a minute; in the place of ``every``."""
    times: Annotated[int, Field(ge=1, le=MOST)] | None = None
    """How many there are."""
    service_name: str = "service"
    environment: str | None = None
    """Its ``deployment_environment``."""
    attributes: Annotated[
        dict[str, Any], Field(default_factory=dict), AfterValidator(_check_values)
    ]

    @model_validator(mode="after")
    def _check_repetition(self) -> Self:
        if self.every is not None and self.per_minute is not None:
            raise ValueError("`every` or `per_minute`, not both")
        step, bounds = self._step, (self.until is not None) + (self.times is not None)
        if step is None and self.until is not None:
            raise ValueError("`until` wants `every` or `per_minute`")
        if step is not None and bounds != 1:
            raise ValueError("what repeats ends: with `until`, or after so many `times`")
        if self.until is not None and self.until < self.at:
            raise ValueError("`until` is before `at`")
        if step is not None and step <= 0:
            raise ValueError("`every` is more than nothing")
        if len(self) > MOST:
            raise ValueError(f"more than {MOST:,} records")
        if self.at + (len(self) - 1) * (step or 0.0) > FARTHEST:
            raise ValueError("the last of them is more than ten years away")
        return self

    @property
    def _step(self) -> float | None:
        return _MINUTE / self.per_minute if self.per_minute is not None else self.every

    def __len__(self) -> int:
        """Return how many there are."""
        step = self._step
        if self.times is not None or step is None or self.until is None:
            return self.times or 1
        return int((self.until - self.at) / step + 1e-9) + 1

    def offsets(self) -> Iterator[float]:
        """Give when each is, in seconds after the test's time."""
        step = self._step or 0.0
        for number in range(len(self)):
            yield self.at + number * step


class SpanEntry(Entry):
    """Stand for spans."""

    span: Name
    """What it is called."""
    duration: Annotated[float, Field(ge=0, le=FARTHEST)] = 0.1
    """Seconds."""
    level: Level = "info"
    status: Literal["unset", "ok", "error"] | None = None
    """By default an error from the level ``error`` on."""
    message: str = ""
    exception: str = ""
    """The type of an exception that it ended with."""
    exception_message: str = ""
    status_message: str = ""
    """What its status says, beside that it is an error."""
    id: str = ""
    """What it is called, for those that are in it."""
    parent: str = ""
    """The ``id`` of the span that it is in; both are of one ``trace``."""
    trace: str = ""
    """What its trace is called; spans of one name are of one trace. By default each has its own."""
    scope: str = "test"

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        if self.id and len(self) > 1:
            raise ValueError("`id` is of one span, and this stands for several")
        if self.exception_message and not self.exception:
            raise ValueError("`exception_message` wants `exception`, its type")
        return self

    @property
    def is_error(self) -> bool:
        """Whether its status is an error."""
        if self.status is not None:
            return self.status == "error"
        return bool(self.exception) or LEVELS[self.level] >= LEVELS["error"]


class LogEntry(Entry):
    """Stand for logs."""

    log: Name
    """Its message."""
    level: Level = "info"
    trace: str = ""
    scope: str = "test"


class MetricEntry(Entry):
    """Stand for points of a metric."""

    metric: Name
    value: float | tuple[float, float] | None = None
    """Of a counter, what is added; of a gauge, what it is. Two values are a ramp."""
    values: tuple[float, ...] = ()
    """Of a histogram: what was measured since the point before."""

    @model_validator(mode="after")
    def _check_value(self) -> Self:
        if (self.value is None) == (not self.values):
            raise ValueError("a counter or gauge has `value`, a histogram has `values`")
        return self

    def amounts(self) -> Iterator[float]:
        """Give the value of each point."""
        count = len(self)
        first, last = self.value if isinstance(self.value, tuple) else (self.value, self.value)
        for number in range(count):
            share = number / (count - 1) if count > 1 else 0.0
            yield (first or 0.0) + ((last or 0.0) - (first or 0.0)) * share
