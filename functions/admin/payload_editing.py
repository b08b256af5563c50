"""Payloads that an operator edits, without seeing their secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from functions.errors import PayloadError
from functions.runtime.failed_tasks.masking import MASK, mask_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONTEXT: Final = "ctx"
"""The trace context, which nobody edits: a retry goes on with the trace it had."""


_MOST_DEPTH: Final = 100
"""Objects and lists inside one another: no payload has more than a few."""

_TOO_DEEP: Final = f"this JSON is nested more than {_MOST_DEPTH} levels deep"


def find_sent(failed_task: Mapping[str, Any]) -> object:
    """Return what a failed task was sent last: its payload, or what it was edited to."""
    edited = failed_task["edited_payload"]
    return parse_kept(failed_task["payload"] if edited is None else edited)


def parse_kept(payload: object) -> object:
    """Return a payload as JSON has it: what a document cannot hold is kept as bytes."""
    if not isinstance(payload, bytes):
        return payload
    try:
        said = json.loads(payload)
    except (ValueError, RecursionError):
        return payload
    return payload if _is_deep(said) else said


def show_payload(payload: object) -> str:
    """Return what an operator edits: JSON, its secrets masked."""
    if isinstance(payload, bytes):
        return str(mask_secrets(payload))
    if isinstance(payload, dict):
        payload = {name: value for name, value in payload.items() if name != _CONTEXT}
    return json.dumps(mask_secrets(payload), indent=2, ensure_ascii=False, default=str)


def read_payload(text: str, original: object) -> dict[str, Any]:
    """Return an edited payload, with the secrets of the original where they were left masked.

    Args:
        text: What the operator sent.
        original: What was shown, masked, for editing.

    Raises:
        PayloadError: It is no JSON object, or holds a mask where the original holds no secret.
    """
    return read_object(parse_object(text), original)


def read_object(edited: Mapping[str, Any], original: object) -> dict[str, Any]:
    """Return an edited payload, as ``read_payload`` does, of what is parsed already.

    Raises:
        PayloadError: It is nested too deep, or holds a mask where the original holds no secret.
    """
    if _is_deep(edited):
        raise PayloadError(_TOO_DEEP)
    unmasked = _unmask(edited, mask_secrets(original), original, "")
    assert isinstance(unmasked, dict)  # noqa: S101 - it is as the edited one
    return unmasked


def parse_object(text: str) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        PayloadError: It is none; the message says where.
    """
    try:
        said = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise PayloadError(
            f"this is no JSON, from line {error.lineno}, column {error.colno}: {error.msg}"
        ) from error
    except ValueError as error:
        raise PayloadError(f"this is no JSON: {error}") from error
    except RecursionError as error:
        raise PayloadError("this JSON is nested too deep") from error
    if _is_deep(said):
        raise PayloadError(_TOO_DEEP)
    if not isinstance(said, dict):
        raise PayloadError("a payload is a JSON object: { … }")
    return said


def _unmask(edited: Any, masked: Any, original: Any, place: str) -> Any:
    if isinstance(edited, str) and edited == masked:
        return original
    if isinstance(edited, dict):
        before, kept = _as_dict(masked), _as_dict(original)
        return {
            name: _unmask(each, before.get(name), kept.get(name), f"{place}.{name}")
            for name, each in edited.items()
        }
    if isinstance(edited, list):
        before_list, kept_list = _as_list(masked), _as_list(original)
        return [
            _unmask(each, _at(before_list, number), _at(kept_list, number), f"{place}[{number}]")
            for number, each in enumerate(edited)
        ]
    if isinstance(edited, str) and MASK in edited:
        raise PayloadError(
            f"{place.lstrip('.')} is masked, and was not so in the original: write the value itself"
        )
    return edited


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(_MOST_DEPTH):
        level = [
            each
            for held in level
            for each in (
                held.values() if isinstance(held, dict) else held if isinstance(held, list) else ()
            )
        ]
    return bool(level)


def _as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _at(values: list[Any], number: int) -> Any:
    return values[number] if number < len(values) else None


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")
