"""What all resources of the management API have alike: paths, verbs, statuses, refusals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from management_client import ALERT, BODIES, DASHBOARD, NOWHERE, WEBHOOK, Api, places

from telemetry.emulator.management import VERSION

if TYPE_CHECKING:
    from conftest import OpenApp

OF_PROJECT = [each for each in BODIES if each not in {"channels", "schedules"}]
CHANGES: dict[str, dict[str, Any]] = {
    "dashboards": {"name": "Another name"},
    "alerts": {"active": False},
    "channels": {"active": False},
    "schedules": {"timezone": "UTC"},
    "slos": {"target_percent": "99.5"},
}
"""A change for each that can be changed."""


@pytest.mark.parametrize("collection", BODIES)
def test_nothing_is_there_at_first(api: Api, collection: str) -> None:
    assert [] == api.read_all(collection)


@pytest.mark.parametrize("collection", BODIES)
def test_what_is_made_is_there_until_it_is_deleted(api: Api, collection: str) -> None:
    identifier = api.make(collection)["id"]
    path = api.path(collection, identifier)

    assert 200 == api.send("GET", path).status_code
    assert [identifier] == [each["id"] for each in api.read_all(collection)]
    deleted = api.send("DELETE", path)
    assert (204, b"") == (deleted.status_code, deleted.content)
    assert 404 == api.send("GET", path).status_code
    assert 404 == api.send("DELETE", path).status_code
    assert [] == api.read_all(collection)


@pytest.mark.parametrize("collection", CHANGES)
def test_a_change_takes_the_fields_that_are_given_and_no_others(api: Api, collection: str) -> None:
    made = api.make(collection)
    before = api.read_all(collection)
    answer = api.change(collection, made["id"], **CHANGES[collection])

    assert 200 == answer.status_code
    changed = CHANGES[collection]
    if collection == "dashboards":
        changed = {"dashboard_name": changed["name"]}
    [after] = api.read_all(collection)
    assert before == [after | {key: before[0][key] for key in ("updated_at", *changed)}]
    assert changed == {key: after[key] for key in changed}
    assert before[0]["created_at"] <= before[0]["updated_at"] < after["updated_at"]
    assert after == answer.json()


@pytest.mark.parametrize("collection", CHANGES)
def test_a_change_of_nothing_changes_nothing(api: Api, collection: str) -> None:
    made = api.make(collection)
    before = api.read(collection, made["id"])

    assert 200 == api.change(collection, made["id"]).status_code
    after = api.read(collection, made["id"])
    assert before == (
        after | {"updated_at": before["updated_at"]} if "updated_at" in before else after
    )


@pytest.mark.parametrize("collection", CHANGES)
def test_a_change_of_what_is_not_there_is_404(api: Api, collection: str) -> None:
    assert 404 == api.change(collection, NOWHERE, **CHANGES[collection]).status_code


@pytest.mark.parametrize("collection", BODIES)
def test_an_unknown_field_is_refused_where_it_is(api: Api, collection: str) -> None:
    body = BODIES[collection] | {"colour": "red"}

    assert [["body", "colour"]] == places(api.send("POST", api.path(collection), body))
    assert [] == api.read_all(collection)


@pytest.mark.parametrize("collection", CHANGES)
def test_an_unknown_field_of_a_change_is_refused(api: Api, collection: str) -> None:
    made = api.make(collection)

    assert [["body", "colour"]] == places(api.change(collection, made["id"], colour="red"))


@pytest.mark.parametrize(
    ("collection", "field"),
    [(collection, field) for collection in CHANGES for field in CHANGES[collection]],
)
def test_null_is_no_value_of_a_field_that_has_one(api: Api, collection: str, field: str) -> None:
    made = api.make(collection)

    assert [["body", field]] == places(api.change(collection, made["id"], **{field: None}))


@pytest.mark.parametrize("collection", OF_PROJECT)
def test_a_project_is_known_by_its_uuid_only(api: Api, collection: str) -> None:
    identifier = api.make(collection)["id"]
    for method, rest, body in (
        ("GET", "", None),
        ("POST", "", BODIES[collection]),
        ("GET", f"{identifier}/", None),
        ("DELETE", f"{identifier}/", None),
    ):
        by_name = api.send(method, f"/api/v1/projects/local/{collection}/{rest}", body)
        assert [["path", "project_id"]] == places(by_name)
        path = f"/api/v1/projects/{NOWHERE}/{collection}/{rest}"
        assert 404 == api.send(method, path, body).status_code

    assert [identifier] == [each["id"] for each in api.read_all(collection)]


@pytest.mark.parametrize("collection", BODIES)
def test_an_identifier_that_is_no_uuid_is_refused(api: Api, collection: str) -> None:
    assert [["path", "id"]] == places(api.send("GET", api.path(collection, "pipeline")))


def test_an_identifier_of_another_kind_is_404(api: Api) -> None:
    alert = api.make("alerts")["id"]

    for method in ("GET", "DELETE"):
        assert 404 == api.send(method, api.path("dashboards", alert)).status_code


def test_the_one_project_is_local(api: Api) -> None:
    [project] = api.read_all("projects")

    assert ("local", "mystage", None) == (
        project["project_name"],
        project["organization_name"],
        project["description"],
    )
    assert project == api.read("projects", project["id"])
    assert 404 == api.send("GET", api.path("projects", NOWHERE)).status_code


def test_of_the_project_the_description_can_be_changed_and_the_name_cannot(api: Api) -> None:
    path = api.path("projects", api.project)

    assert "ours" == api.send("PUT", path, {"description": "ours"}).json()["description"]
    assert [["body", "project_name"]] == places(api.send("PUT", path, {"project_name": "x"}))
    assert ("local", "ours") == (
        api.read("projects", api.project)["project_name"],
        api.read("projects", api.project)["description"],
    )


@pytest.mark.parametrize(
    ("method", "collection", "one"),
    [
        ("POST", "projects", ""),  # there is one
        ("DELETE", "projects", NOWHERE),
        ("PUT", "slos", NOWHERE),  # they are changed by PATCH
        ("PATCH", "alerts", NOWHERE),
        ("PATCH", "dashboards", NOWHERE),
        ("PUT", "read-tokens", NOWHERE),  # a token cannot be changed
        ("PUT", "write-tokens", NOWHERE),
        ("PUT", "channels", ""),
        ("DELETE", "channels", ""),
        ("POST", "channels", NOWHERE),
    ],
)
def test_a_verb_that_a_path_does_not_have_is_405(
    api: Api, method: str, collection: str, one: str
) -> None:
    path = api.path(collection, one)

    assert 405 == api.send(method, path, {}).status_code


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b'"text',
        b'{"label": NaN}',
        b'{"threshold": 1e999}',  # read as infinity, which is no JSON
        b'{"label": "\\ud800"}',  # half a character
        b'{"label": "\xff"}',
        b"[" * 1000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b"[]",
        b"null",
        b'"text"',
        b"1",
    ],
)
def test_a_body_that_is_no_json_object_is_refused(api: Api, content: bytes) -> None:
    for collection in ("channels", "dashboards"):
        assert [["body"]] == places(api.send("POST", api.path(collection), content=content))


def test_a_body_that_is_left_out_lacks_its_fields(api: Api) -> None:
    assert [["body", "name"], ["body", "slug"], ["body", "definition"]] == places(
        api.send("POST", api.path("dashboards"))
    )


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_of_another_type_is_415(api: Api, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    content = json.dumps(WEBHOOK).encode()

    answer = api.send("POST", api.path("channels"), content=content, headers=headers)
    assert 415 == answer.status_code


def test_a_charset_is_part_of_no_type(api: Api) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}

    assert 201 == api.send("POST", api.path("channels"), WEBHOOK, headers=headers).status_code


def test_a_body_may_have_4_mib_and_no_more(api: Api) -> None:
    def with_text_of(size: int) -> dict[str, Any]:
        spec = {"panels": {}, "variables": [{"kind": "TextVariable", "spec": {"v": "x" * size}}]}
        return DASHBOARD | {"definition": {"kind": "Dashboard", "spec": spec}}

    path = api.path("dashboards")
    assert 413 == api.send("POST", path, with_text_of(4 * 2**20)).status_code
    assert 201 == api.send("POST", path, with_text_of(4 * 2**20 - 1000)).status_code


@pytest.mark.parametrize("collection", ["projects", *BODIES])
def test_nobody_is_let_in_without_a_token_or_with_a_wrong_one(
    open_app: OpenApp, collection: str
) -> None:
    app = open_app(token="right")
    path = Api(app, "right").path(collection)
    for token, status in (
        ("", 401),
        ("Bearer ", 401),
        ("Bearer wrong", 401),
        ("wrong", 401),
        ("Bearer right", 200),
        ("right", 200),
    ):
        api = Api(app, token)
        assert status == api.send("GET", path).status_code
        if status == 401:
            one = f"{path}{NOWHERE}/"
            assert [401] * 2 == [api.send(each, one).status_code for each in ("GET", "HEAD")]
            if collection != "projects":
                assert 401 == api.send("POST", path, BODIES[collection]).status_code
                assert 401 == api.send("DELETE", one).status_code
    assert len(Api(app, "right").read_all(collection)) == (collection == "projects")


def test_every_answer_tells_the_release(api: Api) -> None:
    made = api.make("alerts")
    api.send("GET", "/api/v1/channels")  # redirected to the path that ends in /
    api.send("GET", "/api/v1/nothing/")
    api.send("POST", "/api/v1/projects/", {})
    api.send("POST", api.path("alerts"), ALERT)
    api.send("POST", api.path("alerts"), {})
    api.send("POST", api.path("alerts"), content=b"{}", headers={"Content-Type": "text/plain"})
    api.send("POST", api.path("alerts"), content=b" " * (4 * 2**20 + 1))
    api.send("DELETE", api.path("alerts", made["id"]))
    api.send("GET", "/api/v1/channels/", headers={"Authorization": ""})

    assert {200, 201, 204, 307, 401, 404, 405, 409, 413, 415, 422} == {
        each.status_code for each in api.answers
    }
    assert {VERSION} == {each.headers.get("Logfire-Version") for each in api.answers}
    assert "Logfire-Version" not in api.send("GET", "/v1/info").headers


def test_the_front_page_tells_of_it(api: Api) -> None:
    assert "http://127.0.0.1/api/v1/" in api.send("GET", "/").text
