"""The API: what programs see and do, and how it tells them what cannot be."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from admin_client import NOW, TOKEN, Admin, file_many, letter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.runtime.failed_tasks.filing import file_failed_task

if TYPE_CHECKING:
    import httpx
    from toy_world import World


def described(admin: Admin) -> dict[str, Any]:
    answer = admin.call("GET", "/openapi.json")
    assert 200 == answer.status_code
    return dict(answer.json())


def check(admin: Admin, path: str, method: str, answer: httpx.Response) -> Any:
    """Check that an answer is one that the description speaks of."""
    api = described(admin)
    responses = api["paths"][f"/api{path}"][method.lower()]["responses"]
    content = responses[str(answer.status_code)]["content"]
    [(media_type, described_as)] = content.items()
    assert media_type == answer.headers["content-type"]
    schema = described_as["schema"] | {"components": api["components"]}
    jsonschema.Draft202012Validator(schema).validate(answer.json())
    return answer.json()


def test_failed_tasks_are_listed_page_by_page(admin: Admin, world: World) -> None:
    file_many(world, 7)
    seen, after = [], ""
    while True:
        answer = admin.call("GET", f"/failed-tasks?limit=3&stage=toy&after={after}")
        page = check(admin, "/failed-tasks", "GET", answer)
        seen += [each["id"] for each in page["items"]]
        after = page["next"]
        if not after:
            break

    assert [f"t{number}" for number in reversed(range(7))] == seen


def test_they_are_counted(admin: Admin, world: World) -> None:
    file_many(world, 3)
    file_failed_task(world.runtime.store, letter("other", stage="sink", error_message="full"))

    counts = check(
        admin, "/failed-task-counts", "GET", admin.call("GET", "/failed-task-counts?stage=toy")
    )

    assert (3, {"failed": 3}) == (counts["matching"], counts["by_status"])
    assert {"toy": 3, "sink": 1} == counts["by_stage"]
    assert [("the handler broke", 3)] == [
        (each["error_message"], each["count"]) for each in counts["causes"]
    ]


def test_one_is_retried_resolved_and_reopened(admin: Admin, world: World) -> None:
    file_many(world, 2)
    path = "/failed-tasks/{failed_id}"

    answer = admin.call("POST", "/failed-tasks/t0/retry", {"payload": {"do": "send"}, "note": "n"})
    retried = check(admin, f"{path}/retry", "POST", answer)
    assert ("retrying", {"do": "send"}) == (retried["status"], retried["edited_payload"])
    assert ("local", "n") == (retried["history"][-1]["by"], retried["history"][-1]["note"])
    answer = admin.call("POST", "/failed-tasks/t1/resolve", {"note": "by hand"})
    assert "resolved" == check(admin, f"{path}/resolve", "POST", answer)["status"]
    answer = admin.call("POST", "/failed-tasks/t1/reopen", {})
    assert "failed" == check(admin, f"{path}/reopen", "POST", answer)["status"]
    assert "t1" == check(admin, path, "GET", admin.call("GET", "/failed-tasks/t1"))["id"]


def test_many_are_retried_by_filters_and_by_ids(admin: Admin, world: World) -> None:
    file_many(world, 4)
    file_failed_task(world.runtime.store, letter("old", failed_at=NOW - timedelta(days=1)))

    body = {"query": {"to": "2026-05-01T00:00:00Z"}, "rate": 500}
    started = check(admin, "/bulk-retries", "POST", admin.call("POST", "/bulk-retries", body))
    chosen = admin.call("POST", "/bulk-retries", {"ids": ["t1", "t2"], "rate": 500.0}).json()
    stopped = admin.call("POST", "/bulk-retries", {"query": {}}).json()
    path = f"/bulk-retries/{stopped['id']}"
    answer = admin.call("POST", f"{path}/cancel")
    check(admin, "/bulk-retries/{bulk_id}/cancel", "POST", answer)
    while any(entry.stage == "retry_failed_tasks" for entry in world.queue.tasks.values()):
        world.queue.deliver_all(world.runtime)

    assert (1, 2, 5) == (started["expected"], chosen["expected"], stopped["expected"])
    answer = admin.call("GET", path)
    assert "cancelled" == check(admin, "/bulk-retries/{bulk_id}", "GET", answer)["status"]
    history = {each: len(admin.data(each)["history"]) for each in ("t0", "t1", "t2", "t3", "old")}
    assert {"t0": 1, "t3": 1} == {name: number for name, number in history.items() if number == 1}


@pytest.mark.parametrize(
    ("asked", "body", "status"),
    [
        ("GET /failed-tasks/none", None, 404),
        ("GET /failed-tasks/__x__", None, 404),
        ("GET /failed-tasks/..%2F..%2Fx", None, 404),
        ("GET /failed-tasks?status=nonsense", None, 422),
        ("GET /failed-tasks?limit=100000", None, 422),
        ("GET /failed-tasks?after=e30", None, 422),
        ("GET /failed-tasks?stag=toy", None, 422),
        ("GET /failed-tasks?from=0001-01-01T00:00:00%2B14:00", None, 422),
        ("POST /failed-tasks/none/retry", {}, 404),
        ("POST /failed-tasks/t0/reopen", {}, 409),
        ("POST /failed-tasks/t0/resolve", {}, 422),
        ("POST /failed-tasks/t0/resolve", {"note": " "}, 422),
        ("POST /failed-tasks/t0/retry", {"payload": {"do": "dance"}}, 422),
        ("POST /failed-tasks/t0/retry", {"payload": {"do": "*" * 10}}, 422),
        ("POST /failed-tasks/t0/retry", {"payload": "no object"}, 422),
        ("POST /bulk-retries", {}, 422),
        # Misspelt, it would mean all of them.
        ("POST /bulk-retries", {"query": {"stagee": "toy"}}, 422),
        ("POST /bulk-retries", {"query": {}, "ids": ["t0"]}, 422),
        ("POST /bulk-retries", {"query": {}, "rate": 0}, 422),
        ("POST /bulk-retries", {"query": {}, "action": "resolve"}, 422),
        ("POST /bulk-retries/none/cancel", None, 404),
    ],
)
def test_what_cannot_be_is_a_problem_that_is_described(
    admin: Admin, world: World, asked: str, body: dict[str, Any] | None, status: int
) -> None:
    file_many(world, 1)
    method, path = asked.split(" ")

    answer = admin.call(method, path, body)

    assert (status, "failed") == (answer.status_code, admin.data("t0")["status"])
    assert "application/problem+json" == answer.headers["content-type"]
    assert status == answer.json()["status"]
    assert answer.json()["detail"]


def test_a_number_is_no_time(admin: Admin) -> None:
    answer = admin.call("POST", "/bulk-retries", {"query": {"from": 0}})

    assert 422 == answer.status_code
    assert "a time is text" in answer.text


def test_what_is_no_request_of_the_api_is_a_problem_too(admin: Admin, world: World) -> None:
    file_many(world, 1)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    is_json = bearer | {"Content-Type": "application/json"}
    path = "/api/failed-tasks/t0/retry"
    sent = [
        (404, admin.send("GET", "/api/nothing", headers=bearer)),
        (405, admin.send("DELETE", "/api/failed-tasks/t0", headers=bearer)),
        (413, admin.send("POST", path, content=b"x" * 2_000_000, headers=is_json)),
        (415, admin.send("POST", path, data={"note": "x"}, headers=bearer)),
        (415, admin.send("POST", path, content=b"{}", headers=bearer)),
        (422, admin.send("POST", path, content=b"{", headers=is_json)),
        (422, admin.send("POST", path, content=b"\xff", headers=is_json)),
        (422, admin.send("POST", path, content=b"[" * 100_000, headers=is_json)),
        (422, admin.send("POST", path, content=b'{"note": "\\ud800"}', headers=is_json)),
        (422, admin.send("POST", path, content=b'{"notes": ""}', headers=is_json)),
    ]

    assert [each for each, _ in sent] == [each.status_code for _, each in sent]
    kinds = {each.headers["content-type"] for _, each in sent}
    assert {"application/problem+json"} == kinds
    assert {} == world.queue.tasks


def test_the_cookie_serves_programs_of_the_page_and_no_other_site(
    admin: Admin, world: World
) -> None:
    file_many(world, 1)
    path, is_json = "/api/failed-tasks/t0/retry", {"Content-Type": "application/json"}
    evil = is_json | {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}

    assert 403 == admin.send("POST", path, content=b"{}", headers=evil).status_code
    assert 415 == admin.send("POST", path, content=b"{}").status_code
    assert 200 == admin.send("POST", path, content=b"{}", headers=is_json).status_code


def test_nobody_is_told_anything_without_coming_in(world: World) -> None:
    file_many(world, 1)
    stranger = Admin(world)

    for path in ("/api/failed-tasks", "/api/failed-tasks/t0", "/api/openapi.json"):
        answer = stranger.get(path)
        assert (401, "Bearer") == (answer.status_code, answer.headers["www-authenticate"])
        assert "application/problem+json" == answer.headers["content-type"]


def test_the_description_is_openapi_and_names_every_route(admin: Admin) -> None:
    api = described(admin)

    assert "3.1.0" == api["openapi"]
    names = [each["operationId"] for path in api["paths"].values() for each in path.values()]
    assert len(set(names)) == len(names) == 9
    text = json.dumps(api)
    for name in api["components"]["schemas"]:
        jsonschema.Draft202012Validator.check_schema(api["components"]["schemas"][name])
        assert f"#/components/schemas/{name}" in text or name == "Problem"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
_TRIGGER = "/trigger"
_FIELDS = st.sampled_from(
    ["note", "payload", "query", "ids", "rate", "action", "status", "after", "from", "do", "text"]
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    path=st.sampled_from(["t0/retry", "t0/resolve", "t0/reopen", "bulk"]),
    body=st.dictionaries(_FIELDS, _JSON) | _JSON,
)
def test_no_body_brings_it_down(admin: Admin, world: World, path: str, body: Any) -> None:
    if world.runtime.store.get("failed_tasks", "t0") is None:
        file_many(world, 1)
    whole = "/bulk-retries" if path == "bulk" else f"/failed-tasks/{path}"

    answer = admin.send(
        "POST",
        f"/api{whole}",
        content=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
    )

    assert answer.status_code < 500, answer.text


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    path=st.sampled_from(
        [
            "/failed-tasks",
            "/api/failed-tasks",
            "/failed-tasks.csv",
            "/failed-tasks/bulk",
            "/trigger",
        ]
    ),
    query=st.dictionaries(_FIELDS | st.sampled_from(["stage", "to", "refresh", "done"]), st.text()),
)
def test_no_query_brings_it_down(admin: Admin, path: str, query: dict[str, str]) -> None:
    clean = {name: value.encode(errors="replace").decode() for name, value in query.items()}

    answer = admin.send("GET", path, params=clean)

    assert answer.status_code < 500, answer.text
