"""Logfire's query engine: its SQL, on DataFusion, over what the emulator stores."""

from telemetry.emulator.engine.engine import Engine
from telemetry.emulator.engine.query import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    Limits,
    Plans,
    Query,
    QueryResult,
)
from telemetry.emulator.engine.sources import Snapshot, SnapshotSource, TableSnapshot

__all__ = [
    "DEFAULT_LIMIT",
    "MAX_LIMIT",
    "Engine",
    "Limits",
    "Plans",
    "Query",
    "QueryResult",
    "Snapshot",
    "SnapshotSource",
    "TableSnapshot",
]
