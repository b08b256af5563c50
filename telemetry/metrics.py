"""The metric catalogue: one declaration per metric, and no metric without one.

Code, dashboards, alerts and documentation are checked against it. To add a metric of your own,
declare it once, at the top of a module that everything using it imports::

    RENDERED = declare_counter("pages_rendered", description="Pages rendered by a browser.")
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from telemetry import semconv
from telemetry.errors import InvalidDeclaration

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./-]{0,254}")
"""https://opentelemetry.io/docs/specs/otel/metrics/api/#instrument-name-syntax"""

_MAX_UNIT: Final = 63
"""https://opentelemetry.io/docs/specs/otel/metrics/api/#instrument-unit"""

STAGE_LABELS: Final = frozenset({semconv.SERVICE, semconv.STAGE, semconv.TASK_TYPE})
"""The attributes a run adds by itself to every metric that declares them."""


class Kind(StrEnum):
    """What a metric does with its values."""

    COUNTER = "counter"
    HISTOGRAM = "histogram"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """Declare one metric.

    Attributes:
        name: As in the column ``metric_name``.
        kind: What it does with its values.
        unit: UCUM code, as ``ms``, or what is counted in braces, as ``{task}``.
        description: One sentence.
        attributes: The keys its values may carry; each must have few values.

    Raises:
        InvalidDeclaration: A name or unit OpenTelemetry does not allow, or no description.
    """

    name: str
    kind: Kind
    unit: str
    description: str
    attributes: frozenset[str]

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InvalidDeclaration(
                f"metric {self.name!r}: a name is a letter, then up to 254 letters, digits or _.-/"
            )
        if len(self.unit) > _MAX_UNIT or not self.unit.isascii():
            raise InvalidDeclaration(
                f"metric {self.name!r}: unit {self.unit!r} is not ASCII of at most {_MAX_UNIT}"
            )
        if not self.description:
            raise InvalidDeclaration(f"metric {self.name!r}: say in a sentence what it measures")


class Catalogue(Mapping[str, Metric]):
    """Hold the declared metrics by name, in the order of their declaration."""

    def __init__(self) -> None:
        self._metrics: dict[str, Metric] = {}
        self._entities: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Metric:
        return self._metrics[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._metrics)

    def __len__(self) -> int:
        return len(self._metrics)

    @property
    def entities(self) -> tuple[str, ...]:
        """The kinds of entities that are counted as found and created."""
        return self._entities

    def declare(self, metric: Metric) -> Metric:
        """Add a metric; declaring the same again changes nothing.

        Raises:
            InvalidDeclaration: The name is taken by a different declaration.
        """
        known = self._metrics.setdefault(metric.name, metric)
        if known != metric:
            raise InvalidDeclaration(
                f"metric {metric.name!r} is declared already, as {known}; this one is {metric}."
                " Use that one, or choose another name"
            )
        return known

    def declare_entity(self, entity: str) -> tuple[Metric, Metric]:
        """Add the two counters of a kind of entity, as ``venues_found`` and ``venues_created``.

        Args:
            entity: Its plural, as ``venues``.

        Raises:
            InvalidDeclaration: One of the names is taken by a different declaration.
        """
        counters = (
            declare_counter(
                semconv.found_metric(entity),
                unit=f"{{{entity}}}",
                description=f"Resolved {entity} that matched an existing one.",
                attributes=STAGE_LABELS,
            ),
            declare_counter(
                semconv.created_metric(entity),
                unit=f"{{{entity}}}",
                description=f"Resolved {entity} that were new.",
                attributes=STAGE_LABELS,
            ),
        )
        if entity not in self._entities:
            self._entities += (entity,)
        return counters


CATALOGUE: Final = Catalogue()
"""All metrics declared in this process."""


def declare_counter(
    name: str, *, description: str, unit: str = "1", attributes: Iterable[str] = STAGE_LABELS
) -> Metric:
    """Declare a metric that only goes up.

    Args:
        name: As in the column ``metric_name``.
        description: One sentence.
        unit: UCUM code, or what is counted in braces.
        attributes: The keys its values may carry; a run adds those of ``STAGE_LABELS`` by itself.

    Raises:
        InvalidDeclaration: The name is not allowed, or taken by a different declaration.
    """
    return _declare(name, Kind.COUNTER, unit, description, attributes)


def declare_histogram(
    name: str, *, description: str, unit: str, attributes: Iterable[str] = STAGE_LABELS
) -> Metric:
    """Declare a metric whose values are kept as a distribution; arguments as ``declare_counter``.

    Raises:
        InvalidDeclaration: The name is not allowed, or taken by a different declaration.
    """
    return _declare(name, Kind.HISTOGRAM, unit, description, attributes)


def declare_gauge(
    name: str, *, description: str, unit: str, attributes: Iterable[str] = STAGE_LABELS
) -> Metric:
    """Declare a metric of which the last value counts; arguments as ``declare_counter``.

    Raises:
        InvalidDeclaration: The name is not allowed, or taken by a different declaration.
    """
    return _declare(name, Kind.GAUGE, unit, description, attributes)


def declare_entity(entity: str) -> tuple[Metric, Metric]:
    """Declare ``{entity}_found`` and ``{entity}_created``, for ``current_run().found`` and such.

    Raises:
        InvalidDeclaration: One of the names is taken by a different declaration.
    """
    return CATALOGUE.declare_entity(entity)


def _declare(
    name: str, kind: Kind, unit: str, description: str, attributes: Iterable[str]
) -> Metric:
    return CATALOGUE.declare(
        Metric(
            name=name,
            kind=kind,
            unit=unit,
            description=description,
            attributes=frozenset(attributes),
        )
    )


for _entity in ("venues", "artists", "performances"):
    declare_entity(_entity)

declare_counter(
    semconv.SCRAPES_CREATED, unit="{scrape}", description="Scrapes written by the sourcing stages."
)
declare_counter(
    semconv.EXTRACTIONS_CREATED,
    unit="{extraction}",
    description="Extractions written by the extraction stages.",
)
declare_counter(
    semconv.ENTITIES_RESOLVED,
    unit="{entity}",
    description="Entities that entity resolution decided on, found and created.",
)
declare_counter(
    semconv.TASK_SUCCEEDED,
    unit="{task}",
    description="Runs of a stage that succeeded; a duplicate delivery is none.",
)
declare_counter(
    semconv.TASK_FAILED,
    unit="{attempt}",
    description="Attempts that failed, whether the task is tried again or given up.",
    attributes=STAGE_LABELS | {semconv.OUTCOME, semconv.ERROR_TYPE},
)
declare_counter(
    semconv.TASKS_DISPATCHED,
    unit="{task}",
    description="Tasks handed to a queue.",
    attributes=STAGE_LABELS | {semconv.MESSAGING_DESTINATION_NAME},
)
declare_counter(
    semconv.TASKS_DEAD_LETTERED,
    unit="{task}",
    description="Tasks given up and filed as failed tasks.",
    attributes=STAGE_LABELS | {semconv.ERROR_TYPE},
)
declare_counter(
    semconv.FAILED_TASKS_RETRIED,
    unit="{task}",
    description="Failed tasks that an operator sent again.",
    attributes=STAGE_LABELS,
)
declare_counter(
    semconv.FAILED_TASKS_RESOLVED,
    unit="{task}",
    description="Failed tasks that ended well after all, by a retry or by an operator's word.",
    attributes=STAGE_LABELS,
)
declare_gauge(
    semconv.FAILED_TASKS_OLDEST_AGE,
    unit="s",
    description="How long the failed task has waited that waits longest; 0 where none waits.",
    attributes=(),
)
declare_histogram(
    semconv.PROCESSING_DURATION_MS,
    unit="ms",
    description="Time a run of a stage took, from the handler's start to the last hand-off.",
    attributes=STAGE_LABELS | {semconv.OUTCOME},
)
declare_histogram(
    semconv.MESSAGING_PROCESS_DURATION,
    unit="s",
    description="Duration of processing operation.",
    attributes={
        semconv.MESSAGING_SYSTEM,
        semconv.MESSAGING_OPERATION_NAME,
        semconv.MESSAGING_DESTINATION_NAME,
        semconv.ERROR_TYPE,
    },
)
