"""Unit tests of alerts and panels, as files beside their SQL say them: ``*.test.yaml``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from telemetry.alerting.captured import YEARS
from telemetry.alerting.timeline import LogEntry, MetricEntry, Offset, SpanEntry
from telemetry.definitions.durations import Duration
from telemetry.definitions.models import Model, Name, Slug

NOON: Final = datetime(2026, 1, 5, 12, tzinfo=UTC)
"""When tests take place that do not say: a Monday, at noon."""


def _check_time(moment: datetime) -> datetime:
    if not YEARS[0] <= moment.year < YEARS[1]:
        raise ValueError(f"a year between {YEARS[0]} and {YEARS[1]}")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


Now = Annotated[datetime, AfterValidator(_check_time)]
"""A time, in UTC where it does not say."""


class Captured(Model):
    """Stand for the rows of a file: records and points that were captured."""

    file: Name
    """Its name, beside this one."""
    moment: Now
    """The time in it that becomes the test's own."""


ENTRIES: Final = {"span": SpanEntry, "log": LogEntry, "metric": MetricEntry, "file": Captured}
"""What an entry is of what is given, by the key that says so."""


def kind_of(value: Any) -> str | None:
    """Return which of ``ENTRIES`` an entry is; None for none of them."""
    keys = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    return next((key for key in ENTRIES if key in keys), None)


def _tag_of(value: Any) -> str | None:
    # Not the key itself, which pydantic would name as a step of the way to what is wrong.
    kind = kind_of(value)
    return kind and f"a {kind}"


AnyEntry = Annotated[
    Annotated[SpanEntry, Tag("a span")]
    | Annotated[LogEntry, Tag("a log")]
    | Annotated[MetricEntry, Tag("a metric")]
    | Annotated[Captured, Tag("a file")],
    Discriminator(
        _tag_of,
        custom_error_type="entry",
        custom_error_message="an entry has one of `span`, `log`, `metric` and `file`",
    ),
]


def as_list(value: object) -> object:
    """Return one that stands where several may as a list: ``given: {file: …}``."""
    return [value] if isinstance(value, dict) else value


Rows = Annotated[tuple[dict[str, Any], ...], BeforeValidator(as_list)]
Texts = Annotated[
    tuple[str, ...],
    Field(min_length=1),
    BeforeValidator(
        lambda value: [value] if isinstance(value, str) else value,
        json_schema_input_type=str | Annotated[list[str], Field(min_length=1)],
    ),
]
"""Values of a variable: one, or several."""


class Expectation(Model):
    """Say what a run of an alert is to find."""

    at: Offset = 0
    """When it runs."""
    fires: bool
    """Whether it has rows."""
    rows: Rows | None = None
    """All its rows, in any order, each with the columns that matter."""
    some_rows: Rows = ()
    """Some of its rows."""
    notifies: bool | None = None
    """Whether it tells somebody; the run before is the alert's ``every`` earlier."""

    @model_validator(mode="after")
    def _check_rows(self) -> Self:
        listed = self.rows or self.some_rows
        if (listed and not self.fires) or (self.rows == () and self.fires):
            raise ValueError("`fires` and the rows contradict each other")
        return self


class PanelExpectation(Model):
    """Say what a panel is to show."""

    at: Offset = 0
    """When it is looked at, which is its ``now()``."""
    last: Annotated[Duration, Field(gt=0)] | None = None
    """How far back it looks from there; by default as its dashboard does."""
    from_: Annotated[Offset | None, Field(alias="from")] = None
    """When the time begins that it shows; in the place of ``last``."""
    to: Offset | None = None
    """When that ends; by default when it is looked at."""
    variables: Annotated[dict[str, Texts], Field(default_factory=dict)]
    """Values in the place of the defaults, by name."""
    resolution: Name | None = None
    """What ``$resolution`` is, as ``5 minutes``; by default what fits the time."""
    rows: Rows | None = None
    """All its rows, each with the columns that matter."""
    in_order: bool = False
    """Whether ``rows`` come in this order."""
    some_rows: Rows = ()
    """Some of its rows."""
    count: Annotated[int, Field(ge=0)] | None = None
    """How many rows there are."""
    columns: tuple[str, ...] | None = None
    """The names of all its columns, in order."""

    @model_validator(mode="after")
    def _check_all(self) -> Self:
        if self.last is not None and self.from_ is not None:
            raise ValueError("`last` or `from`, not both")
        if self.from_ is not None and self.from_ >= self.end:
            raise ValueError("`from` is not before the end of the time that is shown")
        if self.in_order and not self.rows:
            raise ValueError("`in_order` wants `rows`")
        if self.rows is None and not self.some_rows and self.count is None and self.columns is None:
            raise ValueError("it expects nothing: `rows`, `some_rows`, `count` or `columns`")
        return self

    @property
    def end(self) -> int:
        """When the time ends that it shows, in seconds after the test's own."""
        return self.at if self.to is None else self.to


class Case(Model):
    """Define a test."""

    name: Name
    now: Now | None = None
    """Its own time; by default the file's."""
    given: Annotated[tuple[AnyEntry, ...], BeforeValidator(as_list)] = ()
    """What has happened; nothing at all is a test, too."""


class AlertCase(Case):
    """Define a test of an alert."""

    expect: Annotated[tuple[Expectation, ...], BeforeValidator(as_list), Field(min_length=1)]


class PanelCase(Case):
    """Define a test of a panel."""

    panel: Name | None = None
    """The name of the panel; by default the file's."""
    expect: Annotated[tuple[PanelExpectation, ...], BeforeValidator(as_list), Field(min_length=1)]


class AlertFile(Model):
    """Define the tests of an alert."""

    alert: Name
    """The name of the alert."""
    now: Now = NOON
    tests: Annotated[tuple[AlertCase, ...], Field(min_length=1)]


class PanelFile(Model):
    """Define tests of a dashboard's panels."""

    dashboard: Slug
    """The slug of the dashboard."""
    panel: Name | None = None
    """The name of the panel, of all tests that name no other."""
    now: Now = NOON
    tests: Annotated[tuple[PanelCase, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _check_panels(self) -> Self:
        for case in self.tests:
            if case.panel is None and self.panel is None:
                raise ValueError(f"the test {case.name!r} says no `panel`, nor does the file")
        return self
