"""What operators do on the pages, and what becomes of it."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING

import pytest
from admin_client import HOSTILE, Admin, alive, file_many, letter
from lxml import html

from functions.admin import audit
from functions.runtime.failed_tasks.filing import file_failed_task
from functions.runtime.store import Create

if TYPE_CHECKING:
    import httpx
    from toy_world import World

    from telemetry.testing import CapturedTelemetry

pytest_plugins = ["telemetry.testing"]


def alerts(answer: httpx.Response) -> str:
    page = html.fromstring(answer.text)
    return " ".join(each.text_content() for each in page.xpath("//*[@role='alert']"))


def actions(admin: Admin, failed_id: str) -> list[tuple[str, str, str]]:
    return [(each["action"], each["by"], each["note"]) for each in admin.data(failed_id)["history"]]


def test_one_click_retries_and_success_resolves(admin: Admin, world: World) -> None:
    body = b'{"do": "ail", "to": 7}'
    file_failed_task(world.runtime.store, letter(body=body))
    world.runtime.store.commit([Create("cures", "one", {})])

    answer = admin.post("/failed-tasks/tasks/t1/retry", back="status=failed&stage=toy")
    assert 303 == answer.status_code
    assert "/failed-tasks?stage=toy&status=failed&done=retried#done" == answer.headers["location"]
    assert "retrying" == admin.data("t1")["status"]

    world.queue.deliver_all(world.runtime)
    page = admin.page("/failed-tasks/tasks/t1").text_content()
    assert ("resolved", 1) == (admin.data("t1")["status"], world.count("cured"))
    assert "retried" in page
    assert "succeeded" in page
    assert ["failed", "retried", "succeeded"] == [each[0] for each in actions(admin, "t1")]


def test_two_operators_retry_once(admin: Admin, world: World) -> None:
    file_many(world, 1)
    assert 303 == admin.post("/failed-tasks/tasks/t0/retry").status_code

    answer = admin.post("/failed-tasks/tasks/t0/retry")

    assert (409, 1) == (answer.status_code, len(world.queue.tasks))
    assert "retrying by now" in alerts(answer)


def test_the_way_back_leads_nowhere_else(admin: Admin, world: World) -> None:
    file_many(world, 1)

    answer = admin.post("/failed-tasks/tasks/t0/retry", back="//evil.example/?stage=a\r\nX: y")

    location = answer.headers["location"]
    assert location.startswith("/failed-tasks?status=failed")
    assert not {"x", "evil"} & set(answer.headers)


def test_an_edited_payload_is_validated_and_told_of_beside_its_form(
    admin: Admin, world: World
) -> None:
    file_many(world, 1)
    text = '{"do": "dance", "note": "' + HOSTILE.replace('"', "") + '"}'

    answer = admin.post("/failed-tasks/tasks/t0/retry-edited", payload=text, note="try this")

    page = html.fromstring(answer.text)
    assert (422, "failed") == (answer.status_code, admin.data("t0")["status"])
    assert "do: Input should be" in alerts(answer)
    assert text == page.xpath("//textarea[@name='payload']")[0].text.lstrip("\n")
    assert [] == alive(page)

    assert (
        303
        == admin.post(
            "/failed-tasks/tasks/t0/retry-edited", payload='{"do": "send"}', note="mended"
        ).status_code
    )
    assert {"do": "send"} == admin.data("t0")["edited_payload"]
    assert {"do": "fail"} == admin.data("t0")["payload"]
    assert ("retried with an edited payload", "local", "mended") == actions(admin, "t0")[-1]


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"a": NaN}', "[" * 5_000, "9" * 5_000, '{"a":' * 200]
)
def test_what_is_no_json_object_is_told(admin: Admin, world: World, text: str) -> None:
    file_many(world, 1)

    answer = admin.post("/failed-tasks/tasks/t0/retry-edited", payload=text)

    assert (422, "failed") == (answer.status_code, admin.data("t0")["status"])
    assert "JSON" in alerts(answer)


def test_secrets_that_are_left_masked_are_kept(admin: Admin, world: World) -> None:
    order = {"do": "fail", "order_id": "https://me:hunter2hunter2@shop.example"}
    file_failed_task(world.runtime.store, letter(body=json.dumps(order).encode()))
    page = admin.page("/failed-tasks/tasks/t1")
    shown = page.xpath("//textarea[@name='payload']")[0].text

    edited = json.dumps(json.loads(shown) | {"do": "send"})
    answer = admin.post("/failed-tasks/tasks/t1/retry-edited", payload=edited)

    assert (303, False) == (answer.status_code, "hunter2" in shown)
    assert order | {"do": "send"} == admin.data("t1")["edited_payload"]


def test_resolving_wants_a_note_and_reopening_undoes_it(admin: Admin, world: World) -> None:
    file_many(world, 1)

    refused = admin.post("/failed-tasks/tasks/t0/resolve", note="  ")
    assert (422, "failed") == (refused.status_code, admin.data("t0")["status"])
    assert 303 == admin.post("/failed-tasks/tasks/t0/resolve", note="by hand").status_code
    assert ("resolved", "local") == (admin.data("t0")["status"], admin.data("t0")["resolved_by"])
    assert 303 == admin.post("/failed-tasks/tasks/t0/reopen", note="not yet").status_code
    assert "failed" == admin.data("t0")["status"]
    expected = [("resolved", "local", "by hand"), ("reopened", "local", "not yet")]
    assert expected == actions(admin, "t0")[1:]


def test_all_that_match_are_counted_before_and_retried_after(admin: Admin, world: World) -> None:
    file_many(world, 120)
    file_failed_task(world.runtime.store, letter("other", stage="sink", body=b'{"number": 1}'))

    question = admin.page("/failed-tasks/bulk?stage=toy&action=retry")
    assert "Retry 120 failed tasks?" == question.xpath("//h1/text()")[0]
    fields = {each.attrib["name"]: each.attrib["value"] for each in question.xpath("//main//input")}
    answer = admin.post("/failed-tasks/bulk", **fields | {"rate": "500"})
    assert 303 == answer.status_code
    while any(entry.stage == "retry_failed_tasks" for entry in world.queue.tasks.values()):
        world.queue.deliver_all(world.runtime)

    page = admin.page(answer.headers["location"])
    assert "120 of 120" in page.text_content()
    assert "failed" == admin.data("other")["status"]
    assert [] == page.xpath("//form")  # it is done: there is nothing to cancel


def test_those_selected_are_asked_about_and_resolved(admin: Admin, world: World) -> None:
    file_many(world, 3)

    chosen = {"pick.t0": "1", "pick.t2": "1", "action": "resolve", "back": "stage=toy"}
    answer = admin.post("/failed-tasks/chosen", **chosen)
    question = html.fromstring(answer.text)
    assert "Resolve 2 failed tasks?" == question.xpath("//h1/text()")[0]
    fields = {each.attrib["name"]: each.attrib["value"] for each in question.xpath("//main//input")}

    assert 422 == admin.post("/failed-tasks/bulk", **fields | {"note": " "}).status_code
    assert 303 == admin.post("/failed-tasks/bulk", **fields | {"note": "by hand"}).status_code
    world.queue.deliver_all(world.runtime)
    statuses = [admin.data(each)["status"] for each in ("t0", "t1", "t2")]
    assert ["resolved", "failed", "resolved"] == statuses


def test_a_bulk_retry_is_cancelled(admin: Admin, world: World) -> None:
    file_many(world, 3)
    started = admin.post("/failed-tasks/bulk", action="retry", criteria="", rate="10")
    address = started.headers["location"]

    assert "Take no more" in admin.page(address).text_content()
    assert "3" in admin.page("/failed-tasks").xpath("string(//*[@data-live='bulks'])")
    assert 303 == admin.post(f"{address}/cancel").status_code
    world.queue.deliver_all(world.runtime)
    assert "cancelled" in admin.page(address).text_content()
    assert "failed" == admin.data("t0")["status"]
    assert 409 == admin.post(f"{address}/cancel").status_code


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/failed-tasks/chosen", {"action": "retry"}, 422),
        ("/failed-tasks/chosen", {"action": "burn", "pick.t0": "1"}, 422),
        ("/failed-tasks/bulk", {"action": "retry", "criteria": "from=yesterday"}, 400),
        ("/failed-tasks/bulk", {"action": "retry", "rate": "1e9"}, 422),
        ("/failed-tasks/bulk", {"action": "retry", "rate": "nan"}, 422),
        ("/failed-tasks/bulk", {"action": "retry", "rate": "fast"}, 422),
        ("/failed-tasks/tasks/none/retry", {}, 404),
        ("/failed-tasks/tasks/../retry", {}, 404),
        ("/failed-tasks/tasks/..%2F..%2Fetc/retry", {}, 404),
        ("/failed-tasks/tasks/__x__/retry", {}, 404),
        ("/failed-tasks/bulk/none/cancel", {}, 404),
        ("/trigger", {"stage": "none"}, 404),
    ],
)
def test_what_cannot_be_done_is_told_and_changes_nothing(
    admin: Admin, world: World, path: str, fields: dict[str, str], status: int
) -> None:
    file_many(world, 1)

    answer = admin.post(path, **fields)

    assert (status, "failed") == (answer.status_code, admin.data("t0")["status"])
    assert {} == world.queue.tasks


@pytest.mark.parametrize(
    "path",
    [
        "/failed-tasks/tasks/none",
        "/failed-tasks/tasks/.",
        "/failed-tasks/tasks/%2e%2e%2f%2e%2e%2fdocuments.db",
        "/failed-tasks/tasks/__id__",
        "/failed-tasks/tasks/%00",
        "/failed-tasks/tasks/%FF",
        "/failed-tasks/static/../admin.py",
        "/failed-tasks/static/%2e%2e/app.py",
        "/failed-tasks/bulk/none",
        "/trigger?stage=none",
        f"/failed-tasks/tasks/{'x' * 2_000}",
    ],
)
def test_what_is_not_there_is_not_found(admin: Admin, path: str) -> None:
    assert 404 == admin.get(path).status_code


def test_actions_are_logged_with_who_did_them(
    admin: Admin, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    file_many(world, 1)
    with caplog.at_level(logging.INFO, "functions.admin.audit"):
        admin.post("/failed-tasks/tasks/t0/resolve", note="by hand")

    assert ["t0 resolved by local"] == [each.getMessage() for each in caplog.records]


def test_a_stage_is_triggered_by_the_fields_of_its_payload(admin: Admin, world: World) -> None:
    page = admin.page("/trigger?stage=toy")
    form = page.xpath("//main//form")[0]
    fields = {
        each.attrib["name"]: each.attrib.get("value", "")
        for each in form.xpath(".//input[not(@type='checkbox')]")
    }
    fields |= {"field.do": "send", "field.to": "2", "field.matrix": "[[1, 2]]"}

    answer = admin.post("/trigger", **fields)
    again = admin.post("/trigger", **fields)  # as when somebody clicks twice

    assert (303, answer.headers["location"]) == (again.status_code, again.headers["location"])
    [(task_id, entry)] = world.queue.tasks.items()
    expected = {"do": "send", "to": 2, "order_id": "", "matrix": [[1, 2]]}
    assert expected == {k: v for k, v in json.loads(entry.body).items() if k != "ctx"}
    world.queue.deliver_all(world.runtime)
    assert 1 == world.count("orders")
    assert task_id in admin.page(answer.headers["location"].partition("#")[0]).text_content()


def test_a_stage_is_triggered_by_json(admin: Admin, world: World) -> None:
    fields = {"stage": "sink", "form_id": "0" * 32, "payload": '{"number": 3}'}

    assert 303 == admin.post("/trigger", **fields).status_code
    world.queue.deliver_all(world.runtime)
    assert 1 == world.count("items")


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"stage": "sink", "field.number": "many"}, "//p[@id='fault-number']"),
        ({"stage": "sink", "field.number": ""}, "//p[@id='fault-number']"),
        ({"stage": "toy", "field.do": HOSTILE}, "//p[@id='fault-do']"),
        ({"stage": "toy", "field.matrix": f"[{HOSTILE}"}, "//p[@id='fault-matrix']"),
        ({"stage": "sink", "payload": "{"}, "//*[@id='fault-payload']"),
        ({"stage": "sink", "payload": '{"number": 1, "<script>": 2}'}, "//*[@id='fault-payload']"),
        ({"stage": "sink", "payload": '{"number": "\\ud800"}'}, "//*[@id='fault-payload']"),
    ],
)
def test_what_is_wrong_with_a_payload_is_told_beside_it(
    admin: Admin, world: World, fields: dict[str, str], place: str
) -> None:
    answer = admin.post("/trigger", form_id="0" * 32, **fields)

    page = html.fromstring(answer.text)
    assert (422, {}) == (answer.status_code, world.queue.tasks)
    assert re.search(r"\w", page.xpath(f"string({place})"))
    assert [] == alive(page)


def test_actions_reach_logfire_with_who_and_why(
    admin: Admin,
    world: World,
    captured_telemetry: CapturedTelemetry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audit, "is_configured", lambda: True)  # it is: for this test
    file_many(world, 1)
    admin.post("/failed-tasks/tasks/t0/retry")

    said = captured_telemetry.span("{subject} {action} by {user}").attributes
    assert ("t0", "retried", "local") == (said["subject"], said["action"], said["user"])
