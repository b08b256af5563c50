"""Distributions as OpenTelemetry sends them: merged, and asked for quantiles.

https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram describes the
exponential form, https://opentelemetry.io/docs/specs/otel/metrics/data-model/#histogram the one
with explicit bounds. Within a bucket observations are taken to be spread evenly, and evenly on a
logarithmic scale within an exponential one, as Prometheus takes them:
https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from telemetry.errors import InvalidMetric

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MIN_EXPONENT, _MAX_EXPONENT = -1074.0, 1023.99  # beyond, 2**x is no number, or 0
_MAX_BUCKETS = 100_000


class Bucket(NamedTuple):
    """Hold how many observations lie between two bounds."""

    lower: float
    upper: float
    observations: float
    exponential: bool = False

    def at(self, share: float) -> float:
        """Return the observation below which a share of the bucket lies."""
        if not self.exponential:
            return self.lower + (self.upper - self.lower) * share
        magnitude = abs(self.lower) * (self.upper / self.lower) ** share
        return math.copysign(magnitude, self.lower)


@dataclass(slots=True)
class Extremes:
    """Hold what is known of a distribution beside its buckets."""

    count: int = 0
    sum: float | None = 0.0
    min: float | None = math.inf
    max: float | None = -math.inf

    def add(self, point: dict[str, Any]) -> None:
        """Take a point in; what one point does not know is not known of all."""
        count = point["count"] or 0
        self.count += count
        if not count:
            return
        self.sum = None if None in (self.sum, point["sum"]) else self.sum + point["sum"]
        self.min = None if None in (self.min, point["min"]) else min(self.min, point["min"])
        self.max = None if None in (self.max, point["max"]) else max(self.max, point["max"])

    def known(self) -> dict[str, Any]:
        """Return the fields of a metric value."""
        if not self.count:
            return {"count": 0, "sum": 0.0, "min": None, "max": None}
        return {"count": self.count, "sum": self.sum, "min": self.min, "max": self.max}

    def clip(self, value: float) -> float:
        """Return a value no smaller and no larger than what was observed."""
        if self.min is not None and math.isfinite(self.min):
            value = max(value, self.min)
        if self.max is not None and math.isfinite(self.max):
            value = min(value, self.max)
        return value


class Exponential:
    """Merge exponential histograms, at the coarsest of their scales.

    https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponential-scale
    """

    def __init__(self) -> None:
        self.extremes = Extremes()
        self._scale: int | None = None
        self._zero_count = 0
        self._zero_threshold = 0.0
        self._positive: Counter[int] = Counter()
        self._negative: Counter[int] = Counter()

    @classmethod
    def of(cls, points: Iterable[dict[str, Any]]) -> Self:
        """Return the distribution of all points together."""
        merged = cls()
        for point in points:
            merged._add(point)
        return merged

    def _add(self, point: dict[str, Any]) -> None:
        self.extremes.add(point)
        self._zero_count += point["zero_count"] or 0
        self._zero_threshold = max(self._zero_threshold, point["zero_threshold"] or 0.0)
        scale = point["scale"]
        if self._scale is None:
            self._scale = scale
        elif scale < self._scale:
            self._positive = _coarser(self._positive, self._scale - scale)
            self._negative = _coarser(self._negative, self._scale - scale)
            self._scale = scale
        finer = scale - self._scale
        _count(self._positive, point["positive_offset"], point["positive_counts"], finer)
        _count(self._negative, point["negative_offset"], point["negative_counts"], finer)

    def quantile(self, q: float) -> float | None:
        """Return the q-quantile; None of no observations."""
        return _quantile(self._buckets(), q, self.extremes)

    def _buckets(self) -> list[Bucket]:
        negative = [
            Bucket(-self._bound(index + 1), -self._bound(index), count, exponential=True)
            for index, count in sorted(self._negative.items(), reverse=True)
        ]
        positive = [
            Bucket(self._bound(index), self._bound(index + 1), count, exponential=True)
            for index, count in sorted(self._positive.items())
        ]
        # What lies near zero is on one side of it, where all else is.
        zero = Bucket(
            -self._zero_threshold if negative or not positive else 0.0,
            self._zero_threshold if positive or not negative else 0.0,
            self._zero_count,
        )
        return [*negative, zero, *positive]

    def _bound(self, index: int) -> float:
        """Return the lower bound of a bucket: the base, 2**(2**-scale), to the index's power."""
        exponent = math.ldexp(index, -(self._scale or 0))
        return math.exp2(max(_MIN_EXPONENT, min(exponent, _MAX_EXPONENT)))

    def value(self) -> dict[str, Any]:
        """Return the fields of a metric value."""
        positive_offset, positive_counts = _dense(self._positive)
        negative_offset, negative_counts = _dense(self._negative)
        return {
            **self.extremes.known(),
            "scale": self._scale,
            "zero_count": self._zero_count,
            "zero_threshold": self._zero_threshold,
            "positive_offset": positive_offset,
            "positive_counts": positive_counts,
            "negative_offset": negative_offset,
            "negative_counts": negative_counts,
        }


def _coarser(counts: Counter[int], steps: int) -> Counter[int]:
    result: Counter[int] = Counter()
    for index, count in counts.items():
        result[index >> steps] += count
    return result


def _count(
    into: Counter[int], offset: int | None, counts: Sequence[int] | None, finer: int
) -> None:
    for position, count in enumerate(counts or ()):
        if count:
            into[((offset or 0) + position) >> finer] += count


def _dense(counts: Counter[int]) -> tuple[int, list[int]]:
    if not counts:
        return 0, []
    first, last = min(counts), max(counts)
    if last - first >= _MAX_BUCKETS:
        raise InvalidMetric(
            f"metric_merge would need {last - first + 1} buckets for these exponential histograms:"
            " their values lie too far apart for their scale. Merge fewer series at a time"
        )
    return first, [counts[index] for index in range(first, last + 1)]


class Explicit:
    """Merge histograms with explicit bounds, which have to be the same in all of them."""

    def __init__(self) -> None:
        self.extremes = Extremes()
        self._bounds: list[float] | None = None
        self._counts: list[int] = []

    @classmethod
    def of(cls, points: Iterable[dict[str, Any]]) -> Self:
        """Return the distribution of all points together.

        Raises:
            InvalidMetric: Their bounds differ.
        """
        merged = cls()
        for point in points:
            merged._add(point)
        return merged

    def _add(self, point: dict[str, Any]) -> None:
        self.extremes.add(point)
        bounds = point["explicit_bounds"] or []
        # A producer may leave the buckets out and send count and sum alone.
        counts = point["bucket_counts"] or [*([0] * len(bounds)), point["count"] or 0]
        if self._bounds is None:
            self._bounds, self._counts = bounds, list(counts)
        elif bounds != self._bounds or len(counts) != len(self._counts):
            raise InvalidMetric(
                "these histograms have different bounds and cannot be put together."
                " Filter by metric_name, or group by histogram_explicit_bounds"
            )
        else:
            self._counts = [a + b for a, b in zip(self._counts, counts, strict=True)]

    def quantile(self, q: float) -> float | None:
        """Return the q-quantile; None of no observations."""
        return _quantile(self._buckets(), q, self.extremes)

    def _buckets(self) -> list[Bucket]:
        bounds = self._bounds or []
        lowest, highest = self.extremes.known()["min"], self.extremes.known()["max"]
        if not bounds:
            # One bucket from nowhere to nowhere: only its extremes say where it is.
            if lowest is None or highest is None:
                return []
            return [Bucket(lowest, highest, sum(self._counts))]
        first = min(0.0, bounds[0]) if lowest is None else min(lowest, bounds[0])
        last = bounds[-1] if highest is None else max(highest, bounds[-1])
        edges = [first, *bounds, last]
        return [
            Bucket(lower, upper, count)
            for (lower, upper), count in zip(pairwise(edges), self._counts, strict=False)
        ]

    def value(self) -> dict[str, Any]:
        """Return the fields of a metric value."""
        return {
            **self.extremes.known(),
            "bucket_counts": self._counts,
            "explicit_bounds": self._bounds or [],
        }


def _quantile(buckets: list[Bucket], q: float, extremes: Extremes) -> float | None:
    total = sum(bucket.observations for bucket in buckets)
    if not total:
        return None
    rank, seen = q * total, 0.0
    filled = [bucket for bucket in buckets if bucket.observations]
    for bucket in filled:
        if seen + bucket.observations >= rank:
            return extremes.clip(bucket.at((rank - seen) / bucket.observations))
        seen += bucket.observations
    return extremes.clip(filled[-1].upper)


def exact_quantile(values: Sequence[float], q: float) -> float | None:
    """Return the q-quantile of single values, interpolated between the two nearest.

    The rule of ``percentile_cont``: https://www.postgresql.org/docs/current/functions-aggregate.html
    """
    if not values:
        return None
    ordered = sorted(values)
    position = q * (len(ordered) - 1)
    below = math.floor(position)
    share = position - below
    if not share:
        return ordered[below]
    return ordered[below] * (1 - share) + ordered[below + 1] * share
