"""Attribute values that survive export.

A span's attributes come from payloads, headers and users. One string with a lone surrogate, or one
integer beyond 64 bits, is more than protobuf can hold and costs the attribute or, in a span's
status, the whole batch it travels in; one megabyte in an exception's message costs the request. So
every value from outside passes through here.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Scalar: TypeAlias = str | bool | int | float
"""What an attribute of a metric can be."""

Encodable: TypeAlias = "Scalar | Sequence[str] | Sequence[bool] | Sequence[int] | Sequence[float]"
"""What an attribute of a span can be: OpenTelemetry's ``AttributeValue``."""

MAX_TEXT: Final = 16_384
"""Characters of one attribute; the rest is cut. A span's request is limited to 5 MB by Logfire's
SDK, and holds hundreds of attributes."""

MAX_ITEMS: Final = 1_000
"""Items of one attribute that is a list."""

_INT64: Final = 2**63
"""OTLP has signed 64-bit integers.

https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/common/v1/common.proto
"""


def clean_text(text: str) -> str:
    """Return text that UTF-8 can hold and that is not too long."""
    if len(text) > MAX_TEXT:
        text = f"{text[:MAX_TEXT]}… ({len(text):,} characters)"
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")


def clean_scalar(value: object) -> Scalar:
    """Return a value that an attribute of a metric can hold.

    Text, numbers and booleans stay what they are; anything else becomes text. Never raises.
    """
    if type(value) is str and len(value) <= MAX_TEXT and value.isascii():
        return value
    if type(value) is bool:
        return value
    if isinstance(value, int):
        return int(value) if -_INT64 <= value < _INT64 else _describe(value)
    if isinstance(value, float):
        return float(value)
    return clean_text(_describe(value))


def clean_value(value: object) -> tuple[Encodable, str | None]:
    """Return a value that an attribute of a span can hold, and its JSON type if it is JSON text.

    Scalars stay, as do lists of one kind of scalar. Any other list or mapping becomes JSON text
    with the type ``array`` or ``object``. The rest becomes text. Never raises.
    """
    if isinstance(value, dict):
        return _to_json(value, "object")
    if not isinstance(value, list | tuple | set | frozenset):
        return clean_scalar(value), None
    items = list(islice(value, MAX_ITEMS))
    kinds = {type(item) for item in items}
    if len(kinds) == 1 and kinds <= {str, bool, int, float}:
        cleaned = [clean_scalar(item) for item in items]
        if {type(item) for item in cleaned} == kinds:
            return cleaned, None  # type: ignore[return-value]  # all of one kind, as just checked
    return _to_json(items, "array")


def _to_json(value: object, kind: str) -> tuple[str, str | None]:
    try:
        text = json.dumps(value, default=_describe, skipkeys=True)
    except (TypeError, ValueError, RecursionError):
        # Its depth or a circle in it: that it was there is still worth knowing.
        return f"<{kind} that JSON cannot hold>", None
    # What is cut off in the middle is no JSON any more.
    return clean_text(text), kind if len(text) <= MAX_TEXT else None


def _describe(value: object) -> str:
    if isinstance(value, bytes):
        return value[:MAX_TEXT].decode("utf-8", "backslashreplace")
    try:
        return str.__str__(value) if isinstance(value, str) else str(value)
    except Exception:  # noqa: BLE001 - __str__ is the user's and may raise anything
        return f"<{type(value).__name__}>"
