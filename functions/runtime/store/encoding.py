"""A document's fields as text, and back, each with exactly its type.

JSON, in which bytes and times are maps with one reserved name. No document can hold such a map,
since Firestore reserves names that begin and end with two underscores.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_TIME: Final = "__time__"
_BYTES: Final = "__bytes__"


def to_microseconds(time: datetime) -> int:
    """Return an aware datetime as microseconds since 1970 in UTC; exact."""
    return (time - _EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """Return microseconds since 1970 as a datetime in UTC; exact."""
    return _EPOCH + timedelta(microseconds=microseconds)


def encode_fields(fields: Mapping[str, object]) -> str:
    """Return fields that ``limits`` let pass as text; equal fields give equal text."""
    return _encoder.encode(fields)


def decode_fields(text: str) -> dict[str, Any]:
    """Return the fields that ``encode_fields`` made text of.

    Raises:
        ValueError: It is no such text.
    """
    # Without a hook for every map the decoder is much faster.
    try:
        fields = (_tagged_decoder if '"__' in text else _decoder).decode(text)
    except (TypeError, OverflowError) as error:
        raise ValueError("a time or bytes that cannot be") from error
    if not isinstance(fields, dict):
        raise ValueError(f"a {type(fields).__name__} where a document's fields should be")  # noqa: TRY004 - the text is wrong, no argument's type
    return fields


def _tag(value: object) -> dict[str, Any]:
    if isinstance(value, datetime):
        return {_TIME: to_microseconds(value)}
    if isinstance(value, bytes):
        return {_BYTES: b64encode(value).decode()}
    raise TypeError(f"limits let a {type(value).__name__} pass")


def _untag(fields: dict[str, Any]) -> Any:
    if len(fields) == 1:
        if _TIME in fields:
            return from_microseconds(fields[_TIME])
        if _BYTES in fields:
            return b64decode(fields[_BYTES])
    return fields


# Sorted names make equal fields equal text, whatever order they were written in.
_encoder: Final = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":"), default=_tag
)
_decoder: Final = json.JSONDecoder()
_tagged_decoder: Final = json.JSONDecoder(object_hook=_untag)
