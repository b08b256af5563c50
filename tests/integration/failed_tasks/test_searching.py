"""Searching: by what failed tasks are, when they failed and what they say."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from functions.runtime.dead_letters import DeadLetter
from functions.runtime.failed_tasks.documents import FAILED_TASKS, Status
from functions.runtime.failed_tasks.filing import file_failed_task
from functions.runtime.failed_tasks.retrying import resolve
from functions.runtime.failed_tasks.search import (
    EXACT,
    LOOKED_AT,
    Criteria,
    count_by,
    count_matches,
    find_oldest,
    group_failures,
    search,
)
from functions.runtime.store import Put

if TYPE_CHECKING:
    from toy_world import World

    from functions.runtime.store import Document

START = datetime(2026, 5, 1, tzinfo=UTC)


def file(world: World, number: int, **changes: Any) -> None:
    stage = ("toy", "sink")[number % 2]
    facts: dict[str, Any] = {
        "task_id": f"t{number:03}",
        "stage": stage,
        "task_type": f"{stage}_type",
        "function_name": f"dpl_{stage}",
        "function_url": "",
        "body": f'{{"url": "https://venue.example/{number}"}}'.encode(),
        "error_type": ("ValueError", "KeyError", "TaskLost")[number % 3],
        "error_message": f"page {number} cannot be read",
        "attempts": 1,
        "failed_at": START + timedelta(minutes=number),
    }
    file_failed_task(world.runtime.store, DeadLetter(**facts | changes))


@pytest.fixture
def filled(world: World) -> World:
    for number in range(60):
        file(world, number)
    for number in range(0, 60, 4):
        resolve(world.runtime, f"t{number:03}", by="ann", note="")
    return world


def everything(world: World) -> list[Document]:
    documents = world.runtime.store.query(FAILED_TASKS)
    return sorted(documents, key=lambda each: each.data["last_failed_at"], reverse=True)


def find(world: World, criteria: Criteria, limit: int = 100) -> list[str]:
    return [each.id for each in search(world.runtime.store, criteria, limit=limit).documents]


def test_any_filters_together_are_answered_and_counted_alike(filled: World) -> None:
    documents = everything(filled)
    sample = documents[7].data
    since, until = START + timedelta(minutes=10), START + timedelta(minutes=50)

    def matches(data: dict[str, Any], names: tuple[str, ...], *, ranged: bool) -> bool:
        is_then = not ranged or since <= data["last_failed_at"] < until
        return is_then and all(data[name] == sample[name] for name in names)

    for length, ranged in itertools.product(range(len(EXACT) + 1), (False, True)):
        for names in itertools.combinations(EXACT, length):
            asked: dict[str, Any] = {name: sample[name] for name in names}
            criteria = Criteria(**asked, **({"since": since, "until": until} if ranged else {}))
            expected = [d.id for d in documents if matches(d.data, names, ranged=ranged)]

            assert expected == find(filled, criteria)
            assert len(expected) == count_matches(filled.runtime.store, criteria)


@pytest.mark.parametrize(
    "criteria", [Criteria(), Criteria(pipeline_stage="toy"), Criteria(text="page")]
)
def test_pages_follow_each_other_without_a_gap(filled: World, criteria: Criteria) -> None:
    found: list[str] = []
    after = None
    while True:
        page = search(filled.runtime.store, criteria, limit=7, after=after)
        found += [each.id for each in page.documents]
        if page.seen is None:
            break
        after = page.seen

    assert find(filled, criteria) == found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PAGE 7 cannot", ["t007"]),
        ("venue.example/59", ["t059"]),
        ("cannot 12 read", ["t012"]),
        ("nobody says this", []),
        ("strasse", ["t100"]),
    ],
)
def test_words_are_found_in_message_and_payload_whatever_their_case(
    filled: World, text: str, expected: list[str]
) -> None:
    for number in range(20):
        filled.runtime.store.commit([Put("other", f"o{number}", {"a": 1})])
    file(filled, 100, body="no JSON in this Straße".encode(), error_message="odd")

    found = find(filled, Criteria(text=text))

    assert set(expected) <= set(found)
    assert len(found) == count_matches(filled.runtime.store, Criteria(text=text))
    assert expected == [each for each in found if each in expected]


def test_a_search_for_words_gives_up_for_now_and_goes_on_behind(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = {"error_message": "dull", "payload": {}, "status": "failed"}
    total = LOOKED_AT + 300
    for first in range(0, total, 400):
        world.runtime.store.commit(
            [
                Put(
                    FAILED_TASKS,
                    f"d{n:06}",
                    document | {"last_failed_at": START + timedelta(seconds=n)},
                )
                for n in range(first, min(first + 400, total))
            ]
        )
    file(world, 0, failed_at=START - timedelta(days=1), error_message="a pearl")

    first_page = search(world.runtime.store, Criteria(text="pearl"), limit=10)
    assert [] == first_page.documents
    assert first_page.seen is not None
    second = search(world.runtime.store, Criteria(text="pearl"), limit=10, after=first_page.seen)

    assert (["t000"], None) == ([each.id for each in second.documents], second.seen)
    assert 1 == count_matches(world.runtime.store, Criteria(text="pearl"))


def test_failures_are_counted_by_stage_status_and_cause(filled: World) -> None:
    store = filled.runtime.store

    assert {"failed": 45, "resolved": 15} == count_by(
        store, Criteria(), "status", tuple(map(str, Status))
    )
    assert {"toy": 15, "sink": 30} == count_by(
        store, Criteria(status="failed"), "pipeline_stage", ("toy", "sink", "nowhere")
    )
    assert {"toy": 30} == count_by(
        store, Criteria(pipeline_stage="toy"), "pipeline_stage", ("toy", "sink")
    )


def test_failures_of_one_cause_are_a_group_the_most_frequent_first(filled: World) -> None:
    for number in range(200, 212):
        file(filled, number * 2, error_type="Odd", error_message="odd")
    groups = group_failures(filled.runtime.store, Criteria(status="failed"), limit=100)

    assert [12, *[10] * 3, *[5] * 3] == [each.count for each in groups]
    assert ("toy", "Odd", "odd") == (groups[0].stage, groups[0].error_type, groups[0].message)
    assert 12 == len(find(filled, Criteria(fingerprint=groups[0].fingerprint)))
    toys = group_failures(filled.runtime.store, Criteria(pipeline_stage="toy"), limit=100)
    assert {"toy"} == {each.stage for each in toys}


def test_the_oldest_is_the_one_that_waits_longest(filled: World) -> None:
    assert START + timedelta(minutes=1) == find_oldest(filled.runtime.store)


def test_where_nothing_failed_nothing_is_found(world: World) -> None:
    store = world.runtime.store

    page = search(store, Criteria(), limit=10)
    assert ([], None, None) == (page.documents, page.seen, find_oldest(store))
    assert ([], 0) == (
        group_failures(store, Criteria(), limit=10),
        count_matches(store, Criteria()),
    )
