"""What the queue said about the task at hand, and how the decorator gets to know it."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

announced: Final[ContextVar[Delivery | None]] = ContextVar("mystage-delivery", default=None)
"""Where the delivery waits for the stage that handles it. Not in OpenTelemetry's context, which
``logfire.attach_context`` replaces as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Hold the facts of one delivery of one task; each is left out where it is not known.

    Attributes:
        ctx: The trace context from the payload, as ``inject`` made it; or anything else.
        queue: The queue's bare name, ``X-CloudTasks-QueueName``.
        task_id: The task's bare id, ``X-CloudTasks-TaskName``.
        attempt: Which delivery of the task this is, from 1: ``X-CloudTasks-TaskRetryCount`` + 1.
        max_attempts: After how many the task is given up.
        function: The function as deployed, as ``dpl_extraction_agent``.
        body_size: Bytes of the task's body.
    """

    ctx: object = None
    queue: str | None = None
    task_id: str | None = None
    attempt: int | None = None
    max_attempts: int | None = None
    function: str | None = None
    body_size: int | None = None


class _Announcement:
    __slots__ = ("_facts", "_token")

    def __init__(self, facts: Delivery) -> None:
        self._facts = facts

    def __enter__(self) -> None:
        self._token = announced.set(self._facts)

    def __exit__(self, *_: object) -> None:
        announced.reset(self._token)


def delivery(facts: Delivery) -> AbstractContextManager[None]:
    """Tell the next stage run within the block which delivery it is handling.

    An instrumented handler called in the block takes the facts; a stage that one calls in turn is
    not a delivery of its own and sees none.
    """
    return _Announcement(facts)


def ctx_of(payload: object) -> object:
    """Return a payload's trace context, or whatever it has in its place.

    Args:
        payload: The handler's first argument; a mapping with a ``ctx``, an object with one, or
            anything else.
    """
    try:
        if type(payload) is dict or isinstance(payload, Mapping):
            return payload.get("ctx")
        return getattr(payload, "ctx", None)
    except Exception as error:  # noqa: BLE001 - reading a stranger's attribute may do anything
        return error  # which is no mapping, and will be noted on the span as such
