from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

import pytest

from functions.runtime.deliveries import Answer, TaskDelivery


def test_the_headers_name_task_queue_and_attempt_whatever_their_case() -> None:
    headers = {
        "X-CloudTasks-TaskName": "t1",
        "x-cloudtasks-queuename": "sourcing-queue",
        "X-CLOUDTASKS-TASKRETRYCOUNT": "2",
    }

    assert TaskDelivery("t1", "sourcing-queue", 3) == TaskDelivery.from_headers(headers)


@pytest.mark.parametrize("count", ["", "-1", "two", "1e3", "٣", "9" * 5000])
def test_a_retry_count_that_is_none_counts_as_the_first_attempt(count: str) -> None:
    headers = {"X-CloudTasks-TaskName": "t1", "X-CloudTasks-TaskRetryCount": count}

    assert 1 == TaskDelivery.from_headers(headers).attempt


def test_calls_that_no_queue_made_are_told_apart() -> None:
    first, second = TaskDelivery.from_headers({}), TaskDelivery.from_headers({})

    assert first.task_id != second.task_id


@pytest.mark.parametrize(
    ("after", "header"),
    [
        (None, {}),
        (timedelta(seconds=90), {"Retry-After": "90"}),
        (timedelta(0), {"Retry-After": "1"}),
    ],
)
def test_an_answer_asks_for_patience_in_whole_seconds(
    after: timedelta | None, header: dict[str, str]
) -> None:
    assert header == Answer(HTTPStatus.SERVICE_UNAVAILABLE, "busy", after).headers
