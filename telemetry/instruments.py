"""Record values for the metrics of the catalogue.

OpenTelemetry's own instruments, made at first use: Logfire's provider stands behind them once it
is configured, and before that they do nothing, without a warning.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from opentelemetry import metrics as otel_metrics

from telemetry import semconv
from telemetry.attributes import Scalar, clean_scalar
from telemetry.diagnostics import Guard, misused
from telemetry.errors import InvalidMeasurement, UndeclaredAttribute, UndeclaredMetric
from telemetry.metrics import CATALOGUE, Kind, Metric

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.metrics import Counter, Histogram, Meter, _Gauge

Labels: TypeAlias = "dict[str, Scalar]"

_MAX_INTEGER: Final = 2**53
"""OTLP adds up in signed 64-bit integers and SQL in doubles; beyond this neither is exact, and one
counter that overflows costs the whole export it is part of."""

_RECORDING: Final = Guard("recording a metric failed", "the value is lost")


def count(name: str, amount: float = 1, attributes: Mapping[str, object] | None = None) -> None:
    """Add to a declared counter at once, outside of any run. Never raises unless strict.

    Within a stage's handler use ``current_run().count``: it waits for the run to succeed.

    Args:
        name: Of a counter in the catalogue.
        amount: A finite number, not negative.
        attributes: Values for keys the metric declares.

    Raises:
        Misuse: In strict mode, an undeclared name or attribute, or an impossible amount.
    """
    with _RECORDING:
        metric = checked_metric(name, Kind.COUNTER)
        if metric is not None and is_measurable(metric, amount):
            counter_of(name).add(amount, checked_labels(metric, attributes or {}))


def record(name: str, value: float, attributes: Mapping[str, object] | None = None) -> None:
    """Record a value of a declared histogram or gauge. Never raises unless strict.

    Args:
        name: Of a histogram or gauge in the catalogue.
        value: A finite number, in the metric's unit; negative only for a gauge.
        attributes: Values for keys the metric declares.

    Raises:
        Misuse: In strict mode, an undeclared name or attribute, or an impossible value.
    """
    with _RECORDING:
        metric = checked_metric(name, Kind.HISTOGRAM, Kind.GAUGE)
        if metric is None or not is_measurable(metric, value):
            return
        labels = checked_labels(metric, attributes or {})
        if metric.kind is Kind.GAUGE:
            gauge_of(name).set(value, labels)
        else:
            histogram_of(name).record(value, labels)


def checked_metric(name: str, *kinds: Kind) -> Metric | None:
    """Return a metric of one of the kinds; None, and a word in the log, where there is none.

    Raises:
        UndeclaredMetric: In strict mode.
    """
    metric = CATALOGUE.get(name) if isinstance(name, str) else None
    if metric is not None and metric.kind in kinds:
        return metric
    wanted = " or ".join(kinds)
    if metric is None:
        hint = f"declare it with telemetry.declare_{kinds[0]}, or correct the name"
        misused(UndeclaredMetric(f"no {wanted} {name!r} in the metric catalogue: {hint}"))
    else:
        misused(UndeclaredMetric(f"metric {name!r} is a {metric.kind}, not a {wanted}"))
    return None


def is_measurable(metric: Metric, value: object) -> bool:
    """Say whether a metric can take a value; if not, there is a word in the log.

    Raises:
        InvalidMeasurement: In strict mode.
    """
    if type(value) is int:
        finite = -_MAX_INTEGER <= value <= _MAX_INTEGER
    else:
        finite = type(value) is float and math.isfinite(value)
    if not finite:
        given = repr(value) if isinstance(value, float) else f"a {type(value).__name__}"
        misused(
            InvalidMeasurement(
                f"{metric.kind} {metric.name!r} takes a finite number up to 2**53, not {given}"
            )
        )
        return False
    if metric.kind is not Kind.GAUGE and cast("float", value) < 0:
        misused(InvalidMeasurement(f"{metric.kind} {metric.name!r} was given a negative value"))
        return False
    return True


def checked_labels(metric: Metric, attributes: Mapping[str, object]) -> Labels:
    """Return the attributes a metric declares; the others are dropped, with a word in the log.

    Raises:
        UndeclaredAttribute: In strict mode.
    """
    labels: Labels = {}
    for key, value in attributes.items():
        if key in metric.attributes:
            labels[key] = clean_scalar(value)
        else:
            allowed = ", ".join(sorted(metric.attributes)) or "none"
            misused(
                UndeclaredAttribute(
                    f"metric {metric.name!r} declares no attribute {key!r}, only: {allowed}"
                )
            )
    return labels


@cache
def counter_of(name: str) -> Counter:
    """Return the instrument behind a declared counter, unchecked."""
    metric = CATALOGUE[name]
    return _meter().create_counter(metric.name, metric.unit, metric.description)


@cache
def histogram_of(name: str) -> Histogram:
    """Return the instrument behind a declared histogram, unchecked."""
    metric = CATALOGUE[name]
    return _meter().create_histogram(metric.name, metric.unit, metric.description)


@cache
def gauge_of(name: str) -> _Gauge:
    """Return the instrument behind a declared gauge, unchecked."""
    metric = CATALOGUE[name]
    return _meter().create_gauge(metric.name, metric.unit, metric.description)


@cache
def _meter() -> Meter:
    return otel_metrics.get_meter(semconv.SCOPE)
