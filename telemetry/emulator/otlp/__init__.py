"""Decode OTLP, the protocol telemetry is sent in, to the columns Logfire derives from it.

A decoder takes the body of one request and returns a record batch of the stored schema, with the
attributes of each row beside it. It keeps nothing between calls, and may be called from any thread.

What Logfire does and this does not: Logfire cuts long texts, drops what is older than a day or
more than an hour ahead (https://logfire.pydantic.dev/docs/reference/limits/). Here everything is
kept as it was sent, so that tests can load what happened at any time.
"""

from __future__ import annotations

from telemetry.emulator.otlp.batch import DecodedBatch
from telemetry.emulator.otlp.logs import decode_logs
from telemetry.emulator.otlp.metrics import decode_metrics
from telemetry.emulator.otlp.traces import decode_traces
from telemetry.emulator.otlp.values import JsonValue

__all__ = ["DecodedBatch", "JsonValue", "decode_logs", "decode_metrics", "decode_traces"]
