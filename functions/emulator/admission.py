"""From the task a caller sends to the task the emulator keeps: checked, completed, taken apart.

The rules are those of ``google.cloud.tasks_v2.types.Task`` and ``HttpRequest``, and the words of
the refusals the service's where they are known:
https://cloud.google.com/tasks/docs/reference/rpc/google.cloud.tasks.v2#task
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from functions.emulator.clock import SECOND
from functions.emulator.durations import set_micros, to_micros
from functions.emulator.messages import HttpMethod, Task, TaskView
from functions.emulator.names import new_task_id, parse_task
from functions.emulator.records import HttpCall
from functions.emulator.settings import complete_retry_config, policy_of
from functions.errors import CallRefused

if TYPE_CHECKING:
    from functions.emulator.names import QueueName
    from functions.emulator.retries import RetryPolicy

# The largest serialised task the service stores, body included. With it a body of 1,048,569 bytes
# never fits, and the largest one that does depends on the lengths of the name, URL and headers.
MAX_TASK_BYTES = 2**20 - 7
MAX_SCHEDULE_AHEAD = 30 * 24 * 3600 * SECOND
_MIN_DEADLINE, _MAX_DEADLINE = 15 * SECOND, 30 * 60 * SECOND
_DEFAULT_DEADLINE = 10 * 60 * SECOND
_MAX_URL = 2083
_MAX_HEADERS = 80 * 1024
USER_AGENT = "Google-Cloud-Tasks"

_METHODS: dict[int, str] = {
    method.value: method.name for method in HttpMethod if method is not HttpMethod(0)
}
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
# The service computes or replaces these; the hop-by-hop ones would break the connection's framing.
_IGNORED_HEADERS = frozenset(
    {
        "host",
        "content-length",
        "user-agent",
        "connection",
        "expect",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_IGNORED_PREFIXES = ("x-cloudtasks-", "x-google-", "x-appengine-", "proxy-")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, token
_HEADER_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")  # RFC 9110, field-value


@dataclass(frozen=True, slots=True)
class AdmittedTask:
    """Hold a task that may be taken in.

    Args:
        task_id: Its bare id.
        named: Whether the caller chose the id.
        created: When it was created (microseconds since 1970).
        due: When it may be dispatched first.
        policy: Its own retry policy.
        call: Its HTTP request.
        message: The serialised ``Task`` without its body.
        retry_config: The serialised ``RetryConfig`` of ``policy``.
        view: The ``Task`` message to answer with, in the view that was asked for.
    """

    task_id: str
    named: bool
    created: int
    due: int
    policy: RetryPolicy | None
    call: HttpCall
    message: bytes
    retry_config: bytes | None
    view: Any


def admit(task: Any, *, queue: QueueName, now: int, view: int) -> AdmittedTask:
    """Check and complete a ``Task`` message, which is changed on the way.

    Args:
        task: What the caller sent.
        queue: The queue it is for.
        now: Microseconds since 1970.
        view: The ``Task.View`` to answer with.

    Raises:
        CallRefused: INVALID_ARGUMENT: the service would refuse it too; UNIMPLEMENTED: it asks for
            something this emulator has no part for.
    """
    task_id = _task_id(task, queue)
    kind = task.WhichOneof("message_type")
    if kind == "app_engine_http_request":
        _refuse("App Engine tasks are not served by this emulator: send an http_request.")
    if kind is None:
        _refuse("Task.http_request is required.")
    _complete_request(task.http_request)
    due = _schedule(task, now)
    _complete_deadline(task)
    policy = None
    if task.HasField("retry_config"):
        complete_retry_config(task.retry_config)
        policy = policy_of(task.retry_config)
    named = bool(task.name)
    task.name = queue.task(task_id)
    set_micros(task.create_time, now - now % SECOND)
    for output_only in (
        "dispatch_count",
        "response_count",
        "first_attempt",
        "last_attempt",
        "view",
    ):
        task.ClearField(output_only)
    if task.ByteSize() > MAX_TASK_BYTES:
        _refuse("Task size too large")
    body = task.http_request.body
    task.http_request.ClearField("body")
    message = task.SerializeToString()
    task.view = TaskView.FULL if view == TaskView.FULL else TaskView.BASIC
    call = call_of(task, body)
    if view == TaskView.FULL:
        task.http_request.body = body
    return AdmittedTask(
        task_id=task_id,
        named=named,
        created=now,
        due=due,
        policy=policy,
        call=call,
        message=message,
        retry_config=None if policy is None else task.retry_config.SerializeToString(),
        view=task,
    )


def call_of(task: Any, body: bytes) -> HttpCall:
    """Return the HTTP request of an admitted ``Task`` message and its body."""
    request = task.http_request
    return HttpCall(
        method=_METHODS[request.http_method],
        url=request.url,
        headers=dict(request.headers),
        body=body,
        deadline=to_micros(task.dispatch_deadline) / SECOND,
    )


def parse_call(message: bytes, body: bytes) -> HttpCall:
    """Return the HTTP request of a stored task."""
    return call_of(Task.FromString(message), body)


def _task_id(task: Any, queue: QueueName) -> str:
    if not task.name:
        return new_task_id()
    named_queue, task_id = parse_task(task.name)
    if named_queue != queue:
        _refuse(
            f"The queue name from request ('{queue.full}') must be the same as the queue name in "
            f"the named task ('{named_queue.full}')."
        )
    return task_id


def _complete_request(request: Any) -> None:
    _check_url(request.url)
    request.http_method = request.http_method or HttpMethod.POST
    method = _METHODS.get(request.http_method)
    if method is None:
        _refuse(f"HttpRequest.http_method {request.http_method} is not an HTTP method.")
    if request.body and method not in _WITH_BODY:
        _refuse(
            "HttpRequest.body is allowed only if the method is POST, PUT, or PATCH, "
            f"and this is {method}."
        )
    token = request.WhichOneof("authorization_header")
    if token is not None:
        raise CallRefused(
            "UNIMPLEMENTED",
            f"HttpRequest.{token} is not implemented by this emulator: create the task without it.",
        )
    _complete_headers(request.headers)


def _check_url(url: str) -> None:
    if not url:
        _refuse("HttpRequest.url is required.")
    if not url.lower().startswith(("http://", "https://")):
        _refuse("HttpTarget.url must start with 'http://' or 'https://'.")
    if len(url) > _MAX_URL:
        _refuse(f"HttpRequest.url is longer than {_MAX_URL} characters.")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise CallRefused(
            "INVALID_ARGUMENT", f"HttpRequest.url cannot be parsed: {error}."
        ) from error
    if not host:
        _refuse("HttpRequest.url names no host.")


def _complete_headers(headers: Any) -> None:
    size = 0
    for name, value in list(headers.items()):
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            _refuse(f"HttpRequest.headers: {name[:100]!r} is not a valid HTTP header.")
        size += len(name) + len(value.encode())
        if name.lower() in _IGNORED_HEADERS or name.lower().startswith(_IGNORED_PREFIXES):
            del headers[name]
    if size >= _MAX_HEADERS:
        _refuse("HttpRequest.headers must be less than 80KB.")
    headers["User-Agent"] = USER_AGENT


def _schedule(task: Any, now: int) -> int:
    asked = to_micros(task.schedule_time)
    if asked > now + MAX_SCHEDULE_AHEAD:
        _refuse(
            f"The Task.scheduleTime, {_readable(asked)}, is too far in the future. "
            "Schedule time must be no more than 720h in the future."
        )
    due = max(asked, now)
    set_micros(task.schedule_time, due)
    return due


def _readable(micros: int) -> str:
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)).isoformat()
    except OverflowError:
        return f"{micros // SECOND} s after 1970"


def _complete_deadline(task: Any) -> None:
    if not task.HasField("dispatch_deadline"):
        set_micros(task.dispatch_deadline, _DEFAULT_DEADLINE)
    if not _MIN_DEADLINE <= to_micros(task.dispatch_deadline) <= _MAX_DEADLINE:
        _refuse("Task.dispatchDeadline must be between [15s, 30m].")


def _refuse(message: str) -> None:
    raise CallRefused("INVALID_ARGUMENT", message)
