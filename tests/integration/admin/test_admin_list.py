"""The page of failed tasks: what it shows, finds and counts."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from admin_client import HOSTILE, NOW, Admin, alive, file_many, letter
from lxml import html

from functions.runtime.failed_tasks.filing import file_failed_task
from functions.runtime.failed_tasks.retrying import resolve

if TYPE_CHECKING:
    from toy_world import World


def ids(page: html.HtmlElement) -> list[str]:
    return [
        each.rpartition("/")[2]
        for each in page.xpath("//table[@class='tasks']//th[@scope='row']/a/@href")
    ]


def tiles(page: html.HtmlElement) -> dict[str, str]:
    return {
        each.xpath("string(span)").split()[-1]: each.xpath("string(strong)")
        for each in page.xpath("//a[contains(@class, 'tile')]")
    }


def test_nothing_that_failed_is_said_so(admin: Admin) -> None:
    page = admin.page("/failed-tasks")

    assert "No failed tasks" in page.text_content()
    assert [] == page.xpath("//table[@class='tasks']")


def test_what_failed_last_comes_first_and_what_is_resolved_not_at_all(
    admin: Admin, world: World
) -> None:
    file_many(world, 3)
    resolve(world.runtime, "t1", by="ann", note="done")

    assert ["t2", "t0"] == ids(admin.page("/failed-tasks"))
    assert ["t1"] == ids(admin.page("/failed-tasks?status=resolved"))
    assert ["t2", "t1", "t0"] == ids(admin.page("/failed-tasks?status=all"))
    expected = {"failed": "2", "retrying": "0", "resolved": "1", "all": "3"}
    assert expected == tiles(admin.page("/failed-tasks"))


@pytest.mark.parametrize(
    "query",
    [
        "stage=sink",
        "function=dpl_receive",
        "task_type=toy_item",
        "error_type=KeyError",
        "from=2026-05-01T12:30",
        "text=needle%20PAYLOAD",
        "stage=sink&error_type=KeyError&to=2026-05-02",
    ],
)
def test_the_address_filters(admin: Admin, world: World, query: str) -> None:
    file_many(world, 2)
    other = letter(
        "other",
        stage="sink",
        function_name="dpl_receive",
        task_type="toy_item",
        error_type="KeyError",
        error_message="the needle",
        body=b'{"number": 1, "note": "a payload"}',
        failed_at=NOW + timedelta(hours=1),
    )
    file_failed_task(world.runtime.store, other)

    assert ["other"] == ids(admin.page(f"/failed-tasks?{query}"))


def test_what_makes_no_sense_in_an_address_is_told_and_left_out(admin: Admin, world: World) -> None:
    file_many(world, 2)
    address = "/failed-tasks?status=nonsense&from=yesterday&after=!!&stage=toy"
    answer = admin.get(address)

    page = html.fromstring(answer.text)
    assert (400, ["t1", "t0"]) == (answer.status_code, ids(page))
    told = page.xpath("//*[@role='alert']//li/text()")
    assert {"status", "from", "after"} == {each.partition(":")[0] for each in told}


def test_pages_go_on_where_the_one_before_ended(admin: Admin, world: World) -> None:
    file_many(world, 120)
    seen = []
    address = "/failed-tasks?stage=toy"
    while address:
        page = admin.page(address)
        seen += ids(page)
        address = next(iter(page.xpath("//a[@rel='next']/@href")), "")

    assert [f"t{number}" for number in reversed(range(120))] == seen


def test_causes_and_stages_are_counted_and_lead_to_what_they_count(
    admin: Admin, world: World
) -> None:
    for number in range(3):
        file_failed_task(
            world.runtime.store, letter(f"a{number}", error_message=f"no venue {number}")
        )
    file_failed_task(world.runtime.store, letter("b", stage="sink", error_message="broke"))
    page = admin.page("/failed-tasks")

    causes = page.xpath("//details[contains(@class, 'causes')]//tbody/tr")
    assert ["3", "1"] == [each.xpath("string(td[1])") for each in causes]
    address = causes[0].xpath(".//a/@href")[0]
    assert {"a0", "a1", "a2"} == set(ids(admin.page(address)))
    chips = {each.text.strip(): each.attrib["href"] for each in page.xpath("//a[@class='chip']")}
    assert ["b"] == ids(admin.page(chips["sink"]))


def test_nothing_of_a_failed_task_comes_alive(admin: Admin, world: World) -> None:
    body = json.dumps({"do": HOSTILE, HOSTILE: {HOSTILE: [HOSTILE]}}).encode()
    hostile = letter(
        "t1",
        stage=HOSTILE[:200],
        task_type=HOSTILE[:200],
        function_name=HOSTILE[:200],
        function_url=f"javascript:alert(1){HOSTILE}",
        error_type=HOSTILE,
        error_message=HOSTILE,
        stack_trace=HOSTILE,
        body=body,
        trace_id=HOSTILE[:100],
        queue=HOSTILE,
        service=HOSTILE[:200],
        service_version=HOSTILE[:200],
        item_ids=(f"{HOSTILE}={HOSTILE}",),
        past=({"number": 1, "at": NOW, "error_type": HOSTILE, "error_message": HOSTILE},),
    )
    file_failed_task(world.runtime.store, hostile)
    resolve(world.runtime, "t1", by=HOSTILE[:100], note=HOSTILE)
    paths = [
        "/failed-tasks?status=all",
        "/failed-tasks/tasks/t1",
        "/failed-tasks?status=all&text=%3Cscript%3Ealert(1)%3C/script%3E",
        "/failed-tasks?status=all&stage=%22%3E%3Cscript%3E",
    ]

    for path in paths:
        page = admin.page(path)
        assert [] == alive(page), path
        assert "script" in page.text_content() or "stage=" in path


def test_secrets_are_shown_nowhere(admin: Admin, world: World) -> None:
    secret = "hunter2hunter2"
    body = json.dumps({"do": "fail", "api_token": secret}).encode()
    said = f"refused: password={secret}"
    file_failed_task(world.runtime.store, letter(body=body, error_message=said, stack_trace=said))
    paths = ["/failed-tasks", "/failed-tasks/tasks/t1", "/failed-tasks.csv", "/failed-tasks.json"]
    paths += ["/api/failed-tasks", "/api/failed-tasks/t1", "/api/failed-task-counts"]

    for path in paths:
        answer = admin.get(path)
        assert (200, False) == (answer.status_code, secret in answer.text), path


def test_exports_have_what_matches_and_no_formulas(admin: Admin, world: World) -> None:
    file_many(world, 120)
    file_failed_task(
        world.runtime.store,
        letter("x", error_message='=HYPERLINK("http://evil")', failed_at=NOW + timedelta(days=1)),
    )

    table = list(csv.DictReader(io.StringIO(admin.get("/failed-tasks.csv?stage=toy").text)))
    listed = json.loads(admin.get("/failed-tasks.json?text=HYPERLINK").text)

    assert 121 == len(table)
    assert ("x", '\'=HYPERLINK("http://evil")') == (table[0]["id"], table[0]["error_message"])
    assert [("x", {"do": "fail"})] == [(each["id"], each["payload"]) for each in listed]
    assert [] == json.loads(admin.get("/failed-tasks.json?stage=nothing").text)
    assert 400 == admin.get("/failed-tasks.csv?from=yesterday").status_code


def test_the_list_tells_nobody_to_keep_it(admin: Admin, world: World) -> None:
    file_many(world, 1)

    for path in ("/failed-tasks", "/failed-tasks.json", "/api/failed-tasks"):
        assert "no-store" == admin.get(path).headers["cache-control"]
        assert "default-src 'none'" in admin.get(path).headers["content-security-policy"]
