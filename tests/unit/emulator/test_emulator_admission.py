from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.emulator.admission import AdmittedTask, admit, parse_call
from functions.emulator.clock import SECOND
from functions.emulator.messages import HttpMethod, Task, TaskView
from functions.emulator.names import parse_queue
from functions.emulator.retries import RetryPolicy
from functions.errors import CallRefused

QUEUE = parse_queue("projects/p/locations/l/queues/q")
NOW = 1_700_000_000 * SECOND + 123_456
DAY = 24 * 3600


def admitted(view: int = TaskView.BASIC, name: str = "", **request: Any) -> AdmittedTask:
    task = Task(name=name, http_request={"url": "http://127.0.0.1:8080/run", **request})
    return admit(task, queue=QUEUE, now=NOW, view=view)


def refused(task: Any) -> CallRefused:
    with pytest.raises(CallRefused) as refusal:
        admit(task, queue=QUEUE, now=NOW, view=TaskView.BASIC)
    return refusal.value


def test_a_task_without_wishes_gets_the_services_defaults() -> None:
    task = admitted()
    assert ("POST", 600.0, NOW) == (task.call.method, task.call.deadline, task.due)
    assert {"User-Agent": "Google-Cloud-Tasks"} == task.call.headers
    assert task.policy is None
    assert not task.named
    assert QUEUE.task(task.task_id) == task.view.name
    assert Timestamp(seconds=1_700_000_000) == task.view.create_time
    assert Timestamp(seconds=1_700_000_000, nanos=123_456_000) == task.view.schedule_time


def test_a_name_is_kept() -> None:
    task = admitted(name=QUEUE.task("mine"))
    assert ("mine", True) == (task.task_id, task.named)


def test_the_basic_view_hides_the_body_and_the_full_view_shows_it() -> None:
    views = [admitted(view=view, body=b"secret").view for view in (0, 1, 2)]
    assert [b"", b"", b"secret"] == [view.http_request.body for view in views]
    assert [1, 1, 2] == [view.view for view in views]


def test_the_request_is_the_same_when_it_is_read_back() -> None:
    task = admitted(
        http_method=HttpMethod.PUT, body=b"\x00\xff", headers={"Content-Type": "text/plain"}
    )
    assert task.call == parse_call(task.message, task.call.body)
    assert b"\x00\xff" not in task.message


@pytest.mark.parametrize(
    "header",
    [
        "Host",
        "content-length",
        "User-Agent",
        "Transfer-Encoding",
        "Connection",
        "X-CloudTasks-TaskName",
        "x-google-anything",
        "X-AppEngine-QueueName",
    ],
)
def test_headers_that_are_the_services_own_are_not_taken(header: str) -> None:
    task = admitted(headers={header: "mine", "X-Mixed-Case": "kept"})
    assert {"User-Agent": "Google-Cloud-Tasks", "X-Mixed-Case": "kept"} == task.call.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Evil": "a\r\nInjected: yes"},
        {"X-Evil\r\nInjected": "yes"},
        {"X-Evil": "nul\0"},
        {"": "nameless"},
        {"Two Words": "x"},
    ],
)
def test_a_header_that_would_break_the_request_is_refused(headers: dict[str, str]) -> None:
    task = Task(http_request={"url": "http://h/", "headers": headers})
    assert "is not a valid HTTP header" in str(refused(task))


def test_headers_have_80_kilobytes() -> None:
    fits = Task(http_request={"url": "http://h/", "headers": {"A": "x" * (80 * 1024 - 2)}})
    admit(fits, queue=QUEUE, now=NOW, view=1)
    large = Task(http_request={"url": "http://h/", "headers": {"A": "x" * (80 * 1024 - 1)}})
    assert "HttpRequest.headers must be less than 80KB." == str(refused(large))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "HttpRequest.url is required."),
        ("example.com/run", "HttpTarget.url must start with 'http://' or 'https://'."),
        ("ftp://example.com/", "HttpTarget.url must start with 'http://' or 'https://'."),
        ("http://", "HttpRequest.url names no host."),
        ("http:///path", "HttpRequest.url names no host."),
        ("http://h/" + "x" * 2083, "HttpRequest.url is longer than 2083 characters."),
    ],
)
def test_a_url_that_cannot_be_called_is_refused(url: str, message: str) -> None:
    assert message == str(refused(Task(http_request={"url": url})))


@pytest.mark.parametrize("url", ["http://h:99999/", "http://h:port/", "http://[::1/"])
def test_a_url_that_cannot_be_parsed_is_refused(url: str) -> None:
    assert str(refused(Task(http_request={"url": url}))).startswith(
        "HttpRequest.url cannot be parsed: "
    )


def test_a_url_with_a_bad_escape_is_taken_as_the_service_takes_it() -> None:
    assert "http://example.com/%zz" == admitted(url="http://example.com/%zz").call.url


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
def test_a_body_goes_with_post_put_and_patch_only(method: str) -> None:
    task = Task(http_request={"url": "http://h/", "http_method": method, "body": b"x"})
    assert "HttpRequest.body is allowed only" in str(refused(task))
    assert method == admitted(http_method=method).call.method


def test_an_unknown_method_is_refused() -> None:
    task = Task(http_request={"url": "http://h/"})
    task.http_request.http_method = 99
    assert "HttpRequest.http_method 99 is not an HTTP method." == str(refused(task))


# Measured at the service: with these names, this URL and these times, the first body was accepted
# and the second refused.
@pytest.mark.parametrize(("size", "fits"), [(1_048_368, True), (1_048_369, False)])
def test_the_largest_task_is_the_services_largest(size: int, *, fits: bool) -> None:
    queue = parse_queue(
        "projects/cloudtasksemu/locations/us-central1/queues/cte-probe-1234567890-http"
    )
    task = Task(
        name=queue.task("cte-probe-1234567890-t000001"),
        http_request={"url": "https://example.com/", "body": b"a" * size},
        schedule_time=Timestamp(seconds=1_770_000_000),
    )
    if fits:
        admit(task, queue=queue, now=1_769_000_000 * SECOND, view=1)
    else:
        with pytest.raises(CallRefused, match="Task size too large"):
            admit(task, queue=queue, now=1_769_000_000 * SECOND, view=1)


def test_no_body_of_a_mebibyte_less_seven_bytes_fits() -> None:
    task = Task(http_request={"url": "http://h/", "body": b"a" * 1_048_569})
    assert ("INVALID_ARGUMENT", "Task size too large") == (
        (refusal := refused(task)).status,
        str(refusal),
    )


@pytest.mark.parametrize(
    ("seconds", "due"),
    [
        (-(2**62), NOW),  # long past: now
        (0, NOW),
        (1_700_000_000 + 30, (1_700_000_000 + 30) * SECOND),
        (1_700_000_000 + 30 * DAY, (1_700_000_000 + 30 * DAY) * SECOND),
    ],
)
def test_a_task_is_due_when_it_says_or_now(seconds: int, due: int) -> None:
    task = Task(http_request={"url": "http://h/"}, schedule_time=Timestamp(seconds=seconds))
    assert due == admit(task, queue=QUEUE, now=NOW, view=1).due


@pytest.mark.parametrize("seconds", [1_700_000_000 + 30 * DAY + 1, 2**62])
def test_a_task_more_than_30_days_ahead_is_refused(seconds: int) -> None:
    task = Task(http_request={"url": "http://h/"}, schedule_time=Timestamp(seconds=seconds))
    assert "Schedule time must be no more than 720h in the future." in str(refused(task))


@pytest.mark.parametrize("seconds", [0, 14, 1801, -600, 2**62])
def test_a_deadline_out_of_range_is_refused(seconds: int) -> None:
    deadline = Duration(seconds=seconds)
    task = Task(http_request={"url": "http://h/"}, dispatch_deadline=deadline)
    assert "Task.dispatchDeadline must be between [15s, 30m]." == str(refused(task))


@pytest.mark.parametrize("seconds", [15, 1800])
def test_a_deadline_in_range_is_kept(seconds: int) -> None:
    task = Task(http_request={"url": "http://h/"}, dispatch_deadline=Duration(seconds=seconds))
    assert seconds == admit(task, queue=QUEUE, now=NOW, view=1).call.deadline


def test_a_task_may_have_a_policy_of_its_own() -> None:
    task = Task(http_request={"url": "http://h/"}, retry_config={"max_attempts": 2})
    assert RetryPolicy(max_attempts=2) == admit(task, queue=QUEUE, now=NOW, view=1).policy


def test_a_policy_out_of_range_is_refused() -> None:
    task = Task(http_request={"url": "http://h/"}, retry_config={"max_attempts": -2})
    assert "RetryConfig.maxAttempts must be greater or equal to -1." == str(refused(task))


def test_what_only_the_service_may_say_is_dropped() -> None:
    task = Task(
        http_request={"url": "http://h/"},
        dispatch_count=9,
        response_count=9,
        first_attempt={"dispatch_time": Timestamp(seconds=1)},
        last_attempt={"dispatch_time": Timestamp(seconds=1)},
    )
    view = admit(task, queue=QUEUE, now=NOW, view=1).view
    assert (0, 0, False) == (
        view.dispatch_count,
        view.response_count,
        view.HasField("first_attempt") or view.HasField("last_attempt"),
    )


def test_a_task_of_another_queue_is_refused() -> None:
    task = Task(name="projects/p/locations/l/queues/other/tasks/t")
    assert (
        "The queue name from request ('projects/p/locations/l/queues/q') must be the same as the "
        "queue name in the named task ('projects/p/locations/l/queues/other')."
    ) == str(refused(task))


def test_an_app_engine_task_is_refused() -> None:
    refusal = refused(Task(app_engine_http_request={"relative_uri": "/run"}))
    assert ("INVALID_ARGUMENT", True) == (refusal.status, "App Engine" in str(refusal))


def test_a_task_without_a_request_is_refused() -> None:
    assert "Task.http_request is required." == str(refused(Task()))


@pytest.mark.parametrize("token", ["oidc_token", "oauth_token"])
def test_a_token_this_emulator_cannot_sign_is_refused_rather_than_left_out(token: str) -> None:
    task = Task(http_request={"url": "http://h/", token: {"service_account_email": "a@b.c"}})
    refusal = refused(task)
    assert ("UNIMPLEMENTED", True) == (refusal.status, token in str(refusal))


INT32 = st.integers(-(2**31), 2**31 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)


@settings(deadline=None)
@given(
    name=st.one_of(st.text(), st.text().map(QUEUE.task)),
    url=st.one_of(st.text(), st.text().map("http://{}".format)),
    headers=st.dictionaries(st.text(), st.text(), max_size=3),
    method=INT32,
    body=st.binary(max_size=20),
    times=st.tuples(INT64, INT32),
    counts=st.tuples(INT32, INT32),
)
def test_whatever_comes_over_the_wire_is_taken_or_refused(  # noqa: PLR0913 - one per field
    *,
    name: str,
    url: str,
    headers: dict[str, str],
    method: int,
    body: bytes,
    times: tuple[int, int],
    counts: tuple[int, int],
) -> None:
    seconds, nanos = times
    task = Task(
        name=name,
        http_request={"url": url, "headers": headers, "body": body},
        schedule_time=Timestamp(seconds=seconds, nanos=nanos),
        dispatch_deadline=Duration(seconds=seconds, nanos=nanos),
        retry_config={
            "max_attempts": counts[0],
            "max_doublings": counts[1],
            "min_backoff": Duration(seconds=seconds, nanos=nanos),
        },
    )
    task.http_request.http_method = method
    # Each field alone beside good ones, then all of them.
    for kept in ("name", "schedule_time", "dispatch_deadline", "retry_config", "url", None):
        assert answer_to(task, kept) in {"OK", "INVALID_ARGUMENT"}


def answer_to(hostile: Any, kept: str | None) -> str:
    task = Task()
    task.CopyFrom(hostile)
    if kept is not None:
        for field in {"name", "schedule_time", "dispatch_deadline", "retry_config"} - {kept}:
            task.ClearField(field)
        if kept != "url":
            task.http_request.url = "http://h/"
            task.http_request.http_method = HttpMethod.POST
            task.http_request.ClearField("headers")
    try:
        admit(task, queue=QUEUE, now=NOW, view=1)
    except CallRefused as refusal:
        return refusal.status
    return "OK"
