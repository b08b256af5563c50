"""What callers see of a task: its message with its attempts filled in, in a BASIC or FULL view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.emulator.durations import set_micros
from functions.emulator.messages import Task, TaskView
from functions.emulator.records import NO_RESPONSE

if TYPE_CHECKING:
    from functions.emulator.records import QueuedTask
    from functions.emulator.store import StoredTask

# google.rpc.Code of an attempt by the HTTP status it ended with, in the words of the service's logs
# ("INTERNAL(13): HTTP status code 502"). The mapping is that of google/rpc/code.proto:
# https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
_CODES = {
    400: (3, "INVALID_ARGUMENT"),
    401: (16, "UNAUTHENTICATED"),
    403: (7, "PERMISSION_DENIED"),
    404: (5, "NOT_FOUND"),
    409: (10, "ABORTED"),
    429: (8, "RESOURCE_EXHAUSTED"),
    499: (1, "CANCELLED"),
    501: (12, "UNIMPLEMENTED"),
    503: (14, "UNAVAILABLE"),
    504: (4, "DEADLINE_EXCEEDED"),
    NO_RESPONSE: (14, "UNAVAILABLE"),
}
_CLIENT_ERROR = (9, "FAILED_PRECONDITION")
_SERVER_ERROR = (13, "INTERNAL")
_OTHER = (2, "UNKNOWN")


def wants_body(view: int) -> bool:
    """Say whether a ``Task.View`` shows bodies; an unspecified view is BASIC."""
    return view == int(TaskView.FULL)


def view_of(stored: StoredTask, task: QueuedTask, *, full: bool) -> Any:
    """Return the ``Task`` message of a live task.

    Args:
        stored: What the store has of it.
        task: What is in memory of it, which is newer.
        full: Whether to show its body.
    """
    shown = Task.FromString(stored.message)
    shown.view = TaskView.FULL if full else TaskView.BASIC
    if full:
        shown.http_request.body = stored.body
    set_micros(shown.schedule_time, task.due)
    log = task.attempts
    shown.dispatch_count = log.dispatches + bool(task.dispatched)
    shown.response_count = log.responses
    if shown.dispatch_count:
        first = log.first_dispatch or task.dispatched
        set_micros(shown.first_attempt.dispatch_time, first)
        _show_last_attempt(shown.last_attempt, task)
    return shown


def _show_last_attempt(attempt: Any, task: QueuedTask) -> None:
    if task.dispatched:
        set_micros(attempt.schedule_time, task.due)
        set_micros(attempt.dispatch_time, task.dispatched)
        return
    log = task.attempts
    set_micros(attempt.schedule_time, log.last_schedule)
    set_micros(attempt.dispatch_time, log.last_dispatch)
    if log.last_response:
        set_micros(attempt.response_time, log.last_response)
    code, name = _code_of(log.last_status)
    attempt.response_status.code = code
    attempt.response_status.message = f"{name}({code}): {log.last_reason}"


def _code_of(http_status: int) -> tuple[int, str]:
    known = _CODES.get(http_status)
    if known is not None:
        return known
    return {4: _CLIENT_ERROR, 5: _SERVER_ERROR}.get(http_status // 100, _OTHER)
