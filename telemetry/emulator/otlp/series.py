"""What makes a time series one, as a 64-bit number.

https://opentelemetry.io/docs/specs/otel/metrics/data-model/#timeseries-model
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from telemetry.emulator.otlp.attributes import Attributes
    from telemetry.emulator.otlp.sources import Source


class SeriesOfMetric:
    """Number the series of one metric, the same in every process.

    Args:
        name: The metric's.
        kind: Its ``metric_type``.
        source: The resource and scope it comes from.
    """

    def __init__(self, name: str, kind: str, source: Source) -> None:
        identity = [
            name,
            kind,
            source.scope_name,
            source.scope_version,
            source.scope_json.decode(),
            source.resource,
        ]
        self._metric = hashlib.blake2b(_canonical(identity), digest_size=8)

    def number(self, attributes: Attributes) -> int:
        """Return the number of the series with these attributes, in whatever order they are."""
        series = self._metric.copy()
        series.update(_canonical(attributes))
        return int.from_bytes(series.digest(), "big", signed=True)


def _canonical(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
