"""Failed tasks that are too large for a document, made to fit: a failure is filed in any case.

A document holds 1 MiB (https://firebase.google.com/docs/firestore/quotas) and a body up to 1 MB, so
what stands beside the body has some 48 KB. It is only cut where all of it does not fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_MESSAGE: Final = 800
_PAST_MESSAGE: Final = 150
_TRACE: Final = 3_000
_NAME: Final = 150
"""Characters that are left of each."""

_ATTEMPTS: Final = 5
_ACTIONS: Final = 10
_FILED: Final = 20
_ITEM_IDS: Final = 10
"""How many are left of each, the newest."""

PAYLOAD: Final = 900_000
"""Bytes that are left of a payload which is kept as it came."""


def shortened(failed_task: Mapping[str, Any], *, with_payload: bool = False) -> dict[str, Any]:
    """Return a failed task's fields with less of its past.

    Args:
        failed_task: The fields.
        with_payload: Whether to cut the payload too, and to leave out an edited one.
    """
    short = dict(failed_task) | {
        "error_message": _cut(failed_task["error_message"], _MESSAGE),
        "stack_trace": _cut_front(failed_task["stack_trace"], _TRACE),
        "function_url": failed_task["function_url"][: 2 * _NAME],
        "item_ids": [each[:_NAME] for each in failed_task["item_ids"][:_ITEM_IDS]],
        "attempts": [
            dict(each)
            | {
                "error_type": each["error_type"][:_NAME],
                "error_message": _cut(each["error_message"], _PAST_MESSAGE),
            }
            for each in failed_task["attempts"][-_ATTEMPTS:]
        ],
        "filed": failed_task["filed"][-_FILED:],
        "history": [
            dict(each) | {"note": each["note"][:_NAME]}
            for each in failed_task["history"][-_ACTIONS:]
        ],
    }
    if with_payload:
        payload = failed_task["payload"]
        if isinstance(payload, bytes):
            short["payload"] = payload[:PAYLOAD]
        short["edited_payload"] = None
    return short


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _cut_front(text: str, most: int) -> str:
    """Keep the end, where the error was raised."""
    return text if len(text) <= most else f"…{text[1 - most :]}"
