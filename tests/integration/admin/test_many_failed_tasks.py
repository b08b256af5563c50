"""Ten thousand failed tasks: every page still answers, with what was asked for."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from admin_client import NOW, Admin, letter

from functions.runtime.failed_tasks.documents import FAILED_TASKS
from functions.runtime.failed_tasks.filing import file_failed_task
from functions.runtime.store import Create

if TYPE_CHECKING:
    from toy_world import World

AMOUNT = 10_000
BATCH = 250


@pytest.fixture
def crowd(world: World) -> Admin:
    """File one for real, and as many like it."""
    file_failed_task(world.runtime.store, letter("t0"))
    like = world.data(FAILED_TASKS, "t0")
    for start in range(1, AMOUNT, BATCH):
        numbers = range(start, min(start + BATCH, AMOUNT))
        world.runtime.store.commit(
            [
                Create(
                    FAILED_TASKS,
                    f"t{number}",
                    like
                    | {
                        "last_failed_at": NOW + timedelta(seconds=number),
                        "pipeline_stage": ("toy", "sink")[number % 2],
                        "payload": {"do": "fail", "to": number},
                    },
                )
                for number in numbers
            ]
        )
    return Admin(world).come_in()


def test_pages_filters_and_exports_have_all_of_them(crowd: Admin) -> None:
    page = crowd.page("/failed-tasks")
    assert "10,000 failed" in page.text_content()
    last = page.xpath("//a[@rel='next']/@href")[0]
    assert 50 == len(crowd.page(last).xpath("//table[@class='tasks']/tbody/tr"))
    assert "5,000 match" in crowd.page("/failed-tasks?stage=sink").text_content()

    found = crowd.page("/failed-tasks?text=9876").xpath("//table[@class='tasks']//th/a/@href")
    assert ["/failed-tasks/tasks/t9876"] == found
    question = crowd.page("/failed-tasks/bulk?action=retry&stage=toy")
    assert "Retry 5,000 failed tasks?" == question.xpath("//h1/text()")[0]

    counts = crowd.call("GET", "/failed-task-counts").json()
    assert {"toy": 5_000, "sink": 5_000} == counts["by_stage"]
    assert AMOUNT + 1 == len(crowd.get("/failed-tasks.csv").text.splitlines())
    assert AMOUNT == len(json.loads(crowd.get("/failed-tasks.json").text))
