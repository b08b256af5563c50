"""How much counters grew: by series, whatever their temporality, across restarts.

https://opentelemetry.io/docs/specs/otel/metrics/data-model/#temporality
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DELTA: Final = "delta"
"""What ``aggregation_temporality`` says of points that hold what was added since the last one."""

_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Growth:
    """Hold what was added, and over which time.

    Attributes:
        increase: What was added, all series together.
        seconds: From the first to the last moment that the points tell of.
    """

    increase: float
    seconds: float

    @property
    def rate(self) -> float | None:
        """The increase per second; None where the points tell of no time."""
        return self.increase / self.seconds if self.seconds > 0 else None


def growth(points: Iterable[dict[str, Any]]) -> Growth | None:
    """Return how much the series of some points grew; None where they do not tell.

    A delta point tells what was added since its start. Of a cumulative series, the first point only
    says where it stood: a series with a single one tells nothing. A histogram counts as its number
    of observations.

    Args:
        points: Metric values with ``t``, when they were recorded, in microseconds.
    """
    by_series: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for point in points:
        if _reading(point) is not None and point["t"] is not None:
            by_series[point["series"], point["temporality"]].append(point)
    told = [one for series in by_series.values() for one in _grown(series)]
    if not told:
        return None
    first, last = min(start for _, start, _ in told), max(end for _, _, end in told)
    return Growth(sum(increase for increase, _, _ in told), (last - first) / _MICROSECONDS)


def _grown(series: list[dict[str, Any]]) -> Iterator[tuple[float, int, int]]:
    series.sort(key=lambda point: point["t"])
    first, last = series[0], series[-1]
    if first["temporality"] == DELTA:
        starts = [point["start"] if point["start"] is not None else point["t"] for point in series]
        yield sum(_reading(point) or 0.0 for point in series), min(starts), last["t"]
    elif len(series) > 1:
        steps = (_step(*pair) for pair in pairwise(series))
        yield sum(steps), first["t"], last["t"]


def _step(before: dict[str, Any], after: dict[str, Any]) -> float:
    old, new = _reading(before) or 0.0, _reading(after) or 0.0
    if not _only_grows(after):
        return new - old
    # Started anew, it counts from nothing.
    restarted = new < old or (
        None not in (before["start"], after["start"]) and after["start"] > before["start"]
    )
    return new if restarted else new - old


def _only_grows(point: dict[str, Any]) -> bool:
    return bool(point["is_monotonic"]) or point["count"] is not None


def _reading(point: dict[str, Any]) -> float | None:
    reading: float | None = point["scalar"] if point["count"] is None else point["count"]
    return reading


def latest_totals(points: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return points that can be added up: all of a delta, one a run of a cumulative series.

    The points of a run of a cumulative series each hold what the ones before them do. Its latest is
    the one that counts most.
    """
    kept: list[dict[str, Any]] = []
    runs: dict[Any, dict[str, Any]] = {}
    for point in points:
        if point["temporality"] in (None, DELTA) or not _only_grows(point):
            kept.append(point)
            continue
        run = point["series"], point["start"]
        if run not in runs or (_reading(point) or 0) > (_reading(runs[run]) or 0):
            runs[run] = point
    return [*kept, *runs.values()]
