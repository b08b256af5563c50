"""``level_num`` and ``level_name``: levels by name and by number.

https://logfire.pydantic.dev/docs/reference/sql/#level
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
from datafusion import udf

from telemetry.sql.schema import LEVELS

_NAMES: Final = {number: name for name, number in LEVELS.items()}


def _number(names: pa.Array) -> pa.Array:
    return pa.array([LEVELS.get(name) for name in names.to_pylist()], pa.int16())


def _name(numbers: pa.Array) -> pa.Array:
    return pa.array([_NAMES.get(number) for number in numbers.to_pylist()], pa.string())


LEVEL_FUNCTIONS: Final = (
    udf(_number, [pa.string()], pa.int16(), "immutable", "level_num"),
    udf(_name, [pa.int64()], pa.string(), "immutable", "level_name"),
)
"""To be registered with a session; a level that is none has no number and no name: NULL."""
