"""What a pipeline declares of itself: parameters for templates, and names that SQL may use.

A package tells it with an entry point of the group ``mystage.declarations``: a function that
returns a :class:`Declaration`. The toolkit never imports a pipeline by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Final

from telemetry import semconv
from telemetry.metrics import CATALOGUE, Kind, Metric

if TYPE_CHECKING:
    from collections.abc import Mapping

DECLARATIONS: Final = "mystage.declarations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """Say what is declared in code.

    Attributes:
        parameters: What templates may take.
        values: Which values an attribute can have, by its key; keys with any value are left out.
        span_names: Those the pipeline writes; names that begin otherwise than ``prefixes`` are not
            judged.
        attributes: The keys of its spans and metrics, beside those of ``telemetry.semconv``.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, frozenset[str]] = field(default_factory=dict)
    span_names: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Hold everything that is declared, of all packages.

    Attributes:
        parameters: What templates may take.
        values: Which values an attribute can have, by its key.
        span_names: Those that are declared.
        attributes: The keys that are declared.
        metrics: The catalogue, by name.
    """

    parameters: Mapping[str, Any]
    values: Mapping[str, frozenset[str]]
    span_names: frozenset[str]
    attributes: frozenset[str]
    metrics: Mapping[str, Metric]


def load_names() -> Names:
    """Return what all installed packages declare, and the toolkit itself."""
    points = sorted(entry_points(group=DECLARATIONS), key=lambda point: point.name)
    return combine(*(point.load()() for point in points))


def combine(*declarations: Declaration) -> Names:
    """Put declarations together with the toolkit's own names."""
    parameters: dict[str, Any] = {}
    values: dict[str, frozenset[str]] = {semconv.OUTCOME: frozenset(semconv.OUTCOMES)}
    for each in declarations:
        parameters.update(each.parameters)
        for key, known in each.values.items():
            values[key] = values.get(key, frozenset()) | known
    return Names(
        parameters=parameters,
        values=values,
        span_names=frozenset().union(*(each.span_names for each in declarations)),
        attributes=_own_attributes().union(*(each.attributes for each in declarations)),
        metrics=dict(CATALOGUE),
    )


def _own_attributes() -> frozenset[str]:
    """Return the attribute keys that the toolkit writes: what its metrics and spans carry.

    What a run counted is on its span, too, under the counters' names.
    """
    of_metrics = frozenset().union(*(metric.attributes for metric in CATALOGUE.values()))
    counters = frozenset(name for name, each in CATALOGUE.items() if each.kind is Kind.COUNTER)
    return of_metrics | counters | semconv.ATTRIBUTES
