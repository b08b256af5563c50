"""The functions that JSON operators and ``json_*`` calls become.

Their meaning is that of https://github.com/datafusion-contrib/datafusion-functions-json, with one
difference: what is found is printed anew, so ``1.50`` in the text comes out as ``1.5``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from datafusion import ScalarUDF, udf

from telemetry.emulator.arrow import JSON_METADATA
from telemetry.emulator.engine.json_paths import map_paths

if TYPE_CHECKING:
    from collections.abc import Callable

_TEXT: Final = pa.string()
_INTEGER: Final = re.compile(r"[+-]?[0-9]+", re.ASCII)
_NUMBER: Final = re.compile(
    r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?:inf(?:inity)?|nan)",
    re.ASCII | re.IGNORECASE,
)
_MIN_BIGINT, _MAX_BIGINT = -(2**63), 2**63 - 1


def as_text(value: Any) -> str | None:
    """Return a string as it is, NULL for ``null``, and anything else as JSON."""
    if value is None or isinstance(value, str):
        return value
    return as_json(value)


def as_json(value: Any) -> str:
    """Return a value as JSON text."""
    return orjson.dumps(value).decode()


def as_string(value: Any) -> str | None:
    """Return a string; NULL for anything else."""
    return value if isinstance(value, str) else None


def as_integer(value: Any) -> int | None:
    """Return an integer, or a string that spells one; NULL for anything else."""
    if isinstance(value, str):
        value = int(value) if _INTEGER.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if _MIN_BIGINT <= value <= _MAX_BIGINT else None


def as_float(value: Any) -> float | None:
    """Return a number, or a string that spells one; NULL for anything else."""
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def as_boolean(value: Any) -> bool | None:
    """Return a boolean, or a string that spells one; NULL for anything else."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value)
    return value if isinstance(value, bool) else None


def as_length(value: Any) -> int | None:
    """Return how many items an array or keys an object has; NULL for anything else."""
    return len(value) if isinstance(value, list | dict) else None


def _getter(name: str, convert: Callable[[Any], Any], result: pa.DataType | pa.Field) -> ScalarUDF:
    kind = result.type if isinstance(result, pa.Field) else result

    def get(texts: pa.Array, paths: pa.Array) -> pa.Array:
        return map_paths(texts, paths, convert, kind)

    return udf(get, [_TEXT, _TEXT], result, "immutable", name)


def _contains(texts: pa.Array, paths: pa.Array) -> pa.Array:
    found = map_paths(texts, paths, lambda _: True, pa.bool_())
    # A text without the key has it not; of no text at all that cannot be said.
    return pc.if_else(texts.is_null(), pa.scalar(None, pa.bool_()), found.is_valid())


def _computed_key(keys: pa.Array) -> pa.Array:
    return pa.array([None if key is None else as_json([[key]]) for key in keys.to_pylist()], _TEXT)


JSON_FUNCTIONS: Final = (
    _getter("_lf_json_text", as_text, _TEXT),
    _getter("_lf_json_get", as_text, _TEXT),
    _getter("_lf_json_value", as_json, pa.field("value", _TEXT, metadata=JSON_METADATA)),
    _getter("_lf_json_get_str", as_string, _TEXT),
    _getter("_lf_json_get_int", as_integer, pa.int64()),
    _getter("_lf_json_get_float", as_float, pa.float64()),
    _getter("_lf_json_get_bool", as_boolean, pa.bool_()),
    _getter("_lf_json_get_json", as_json, _TEXT),
    _getter("_lf_json_length", as_length, pa.int64()),
    udf(_contains, [_TEXT, _TEXT], pa.bool_(), "immutable", "_lf_json_contains"),
    udf(_computed_key, [_TEXT], _TEXT, "immutable", "_lf_json_key"),
)
"""To be registered with a session."""
