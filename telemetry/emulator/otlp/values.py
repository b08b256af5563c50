"""OTLP's values as JSON, and JSON as text.

JSON has neither bytes nor numbers that are none: as in protobuf's own JSON, bytes become base64,
and infinities and NaN the strings "Infinity", "-Infinity" and "NaN".
https://protobuf.dev/programming-guides/json/
"""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.proto.common.v1.common_pb2 import AnyValue

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

_SUSPICIOUS: Final = 200
"""How many brackets a text must have before its depth is tried: writing JSON takes 250 levels,
reading it a thousand."""


def to_value(message: AnyValue) -> JsonValue:
    """Return a value as JSON has it; what is unset, or of a kind that JSON lacks, as null.

    Recursion is bounded: no message is parsed that nests more than 100 levels.
    """
    kind = message.WhichOneof("value")
    return _CONVERSIONS[kind](getattr(message, kind)) if kind in _CONVERSIONS else None


def _to_number(number: float) -> float | str:
    if math.isfinite(number):
        return number
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"


_CONVERSIONS: Final[dict[str, Callable[[Any], JsonValue]]] = {
    "string_value": str,
    "int_value": int,
    "bool_value": bool,
    "double_value": _to_number,
    "bytes_value": lambda value: base64.b64encode(value).decode(),
    "array_value": lambda value: [to_value(item) for item in value.values],
    "kvlist_value": lambda value: {item.key: to_value(item.value) for item in value.values},
}
"""By kind. A reference into the dictionary of profiles counts as absent, as its definition says:
https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/common/v1/common.proto
"""


def to_json(value: JsonValue) -> bytes:
    """Return a value as JSON text."""
    return orjson.dumps(value)


def read_json(text: str) -> tuple[bool, JsonValue]:
    """Return whether a text is JSON that can also be written again, and what it says."""
    try:
        value: JsonValue = orjson.loads(text)
        if text.count("[") + text.count("{") > _SUSPICIOUS:
            orjson.dumps({"": value})
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return False, None
    return True, value


def to_text(value: JsonValue) -> str | None:
    """Return what ``->>`` gives: a string as it is, null as NULL, the rest as JSON text."""
    if isinstance(value, str) or value is None:
        return value
    return to_json(value).decode()
