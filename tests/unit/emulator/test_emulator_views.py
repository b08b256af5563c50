from __future__ import annotations

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from functions.emulator.clock import SECOND
from functions.emulator.courier import attempt_headers
from functions.emulator.messages import Task, TaskView
from functions.emulator.records import NEVER_TRIED, NO_RESPONSE, TIMED_OUT, Outcome, QueuedTask
from functions.emulator.store import StoredTask
from functions.emulator.views import view_of, wants_body

DUE = 1_700_000_000 * SECOND + 250_000
STORED = StoredTask(
    "t", finished=False, message=Task(name="n").SerializeToString(), body=b"the body"
)


def waiting(**fields: int) -> QueuedTask:
    return QueuedTask(key=1, task_id="t", named=False, created=DUE, due=DUE, **fields)


def failed(*outcomes: Outcome) -> QueuedTask:
    task = waiting()
    for number, outcome in enumerate(outcomes):
        dispatch = DUE + number * 10 * SECOND
        task.attempts = task.attempts.add(
            outcome, schedule=dispatch, dispatch=dispatch, now=dispatch + SECOND
        )
    return task


def test_a_fresh_task_shows_no_attempts() -> None:
    shown = view_of(STORED, waiting(), full=False)
    assert (0, 0, False, False) == (
        shown.dispatch_count,
        shown.response_count,
        shown.HasField("first_attempt"),
        shown.HasField("last_attempt"),
    )
    assert (b"", TaskView.BASIC) == (shown.http_request.body, shown.view)
    assert Timestamp(seconds=1_700_000_000, nanos=250_000_000) == shown.schedule_time


def test_the_full_view_shows_the_body() -> None:
    assert b"the body" == view_of(STORED, waiting(), full=True).http_request.body
    assert [False, False, True] == [wants_body(view) for view in (0, 1, 2)]


def test_an_attempt_under_way_is_counted_and_has_no_response() -> None:
    shown = view_of(STORED, waiting(dispatched=DUE + SECOND), full=False)
    assert (1, 0) == (shown.dispatch_count, shown.response_count)
    assert 1_700_000_001 == shown.first_attempt.dispatch_time.seconds
    assert 1_700_000_001 == shown.last_attempt.dispatch_time.seconds
    assert not shown.last_attempt.HasField("response_time")


def test_the_first_and_the_last_attempt_are_shown() -> None:
    task = failed(
        Outcome(502, responded=True, reason="HTTP status code 502"),
        Outcome(404, responded=True, reason="HTTP status code 404"),
    )
    shown = view_of(STORED, task, full=False)
    assert (2, 2) == (shown.dispatch_count, shown.response_count)
    assert 1_700_000_000 == shown.first_attempt.dispatch_time.seconds
    assert 1_700_000_010 == shown.last_attempt.schedule_time.seconds
    assert 1_700_000_011 == shown.last_attempt.response_time.seconds
    assert (5, "NOT_FOUND(5): HTTP status code 404") == (
        shown.last_attempt.response_status.code,
        shown.last_attempt.response_status.message,
    )


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (302, 2),
        (400, 3),
        (418, 9),
        (429, 8),
        (500, 13),
        (502, 13),
        (503, 14),
        (TIMED_OUT, 4),
        (NO_RESPONSE, 14),
    ],
)
def test_an_http_status_becomes_an_rpc_code(status: int, code: int) -> None:
    shown = view_of(STORED, failed(Outcome(status, responded=True, reason="x")), full=False)
    assert code == shown.last_attempt.response_status.code


def test_a_first_attempt_has_no_headers_of_a_retry() -> None:
    assert {
        "X-CloudTasks-QueueName": "q",
        "X-CloudTasks-TaskName": "t",
        "X-CloudTasks-TaskRetryCount": "0",
        "X-CloudTasks-TaskExecutionCount": "0",
        "X-CloudTasks-TaskETA": "1700000000.250000",
    } == attempt_headers("q", "t", due=DUE, attempts=NEVER_TRIED)


# As recorded at the service: a target that answered 503, 404, 429, 500, 302 in turn.
@pytest.mark.parametrize(
    ("answers", "retries", "executions"),
    [
        ([503], "1", "0"),
        ([503, 404], "2", "1"),
        ([503, 404, 429], "3", "2"),
        ([503, 404, 429, 500], "4", "2"),
        ([503, 404, 429, 500, 302], "5", "3"),
    ],
)
def test_a_retry_tells_the_counts_and_the_answer_before(
    answers: list[int], retries: str, executions: str
) -> None:
    task = failed(*(Outcome(answer, responded=True, reason="x") for answer in answers))
    headers = attempt_headers("q", "t", due=DUE, attempts=task.attempts)
    assert (retries, executions, str(answers[-1]), "") == (
        headers["X-CloudTasks-TaskRetryCount"],
        headers["X-CloudTasks-TaskExecutionCount"],
        headers["X-CloudTasks-TaskPreviousResponse"],
        headers["X-CloudTasks-TaskRetryReason"],
    )


def test_a_retry_after_a_missed_deadline_tells_504_and_counts_no_execution() -> None:
    task = failed(Outcome(TIMED_OUT, responded=False, reason="no answer"))
    headers = attempt_headers("q", "t", due=DUE, attempts=task.attempts)
    assert ("504", "0") == (
        headers["X-CloudTasks-TaskPreviousResponse"],
        headers["X-CloudTasks-TaskExecutionCount"],
    )
