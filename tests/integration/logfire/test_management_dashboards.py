"""Dashboards: what is given back is not what was sent, and a slug is for ever."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from management_client import DASHBOARD, DEFINITION, Api, places

COMPLETE = {
    "kind": "Dashboard",
    "metadata": {"name": "pipeline", "project": "local"},
    "spec": {
        "display": {"name": "The pipeline", "description": None},
        "panels": {
            "Runs": {
                "kind": "Panel",
                "spec": {
                    "display": {"name": "Runs", "description": None},
                    "plugin": {"kind": "Table", "spec": {}},
                    "queries": [
                        {
                            "kind": "NonTimeSeriesQuery",
                            "spec": {
                                "plugin": {
                                    "kind": "LogfireNonTimeSeriesQuery",
                                    "spec": {"query": "SELECT 1"},
                                }
                            },
                        }
                    ],
                },
            }
        },
        "layouts": [{"kind": "Grid", "spec": {"items": []}}],
        "variables": [],
        "duration": "1h",
        "refreshInterval": "0s",
        "datasources": {},
    },
}
"""What becomes of the usual definition."""


def changed(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """Return the usual definition with another value at one place."""
    definition: dict[str, Any] = copy.deepcopy(DEFINITION)
    at = definition
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return definition


def test_lists_and_what_makes_one_tell_all_but_the_definition(api: Api) -> None:
    made = api.make("dashboards")

    assert (
        made
        | {
            "project_id": api.project,
            "created_by_name": "API key",
            "updated_by_name": "API key",
            "dashboard_name": "The pipeline",
            "dashboard_slug": "pipeline",
        }
        == made
    )
    assert {
        "id",
        "project_id",
        "created_at",
        "updated_at",
        "created_by_name",
        "updated_by_name",
        "dashboard_name",
        "dashboard_slug",
    } == made.keys()
    assert [made] == api.read_all("dashboards")


def test_one_is_read_as_its_definition_with_what_was_left_out(api: Api) -> None:
    assert {"dashboard": COMPLETE} == api.read("dashboards", api.make("dashboards")["id"])


def test_what_the_ui_exports_beside_it_is_dropped(api: Api) -> None:
    definition = changed(("spec", "annotations"), [{"kind": "Annotation"}])
    definition["spec"]["links"] = [{"url": "https://example.com"}]
    definition["spec"]["display"] = {"name": "The pipeline", "icon": "x"}
    definition["metadata"] = {
        "name": "pipeline",
        "project": "local",
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-01T00:00:00Z",
        "version": 3,
        "tags": [],
    }
    made = api.make("dashboards", definition=definition)

    assert {"dashboard": COMPLETE} == api.read("dashboards", made["id"])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("spec", "duration"), "6h"),
        (("spec", "refreshInterval"), "1m"),
        (("spec", "datasources"), {"a": {"kind": "B"}}),
        (("spec", "variables"), [{"kind": "TextVariable", "spec": {"name": "v", "value": "1"}}]),
        (("spec", "display"), {"name": "Shown", "description": "what it shows"}),
        (("metadata",), {"name": "other", "project": "theirs"}),
        # A wrong plugin is taken, and renders empty.
        (("spec", "panels", "Runs", "spec", "plugin"), {"kind": "NoSuchChart", "spec": {"a": 1}}),
        (("spec", "panels", "Runs", "spec", "queries"), [{"kind": "NoSuchQuery"}]),
        (("spec", "panels", "Runs", "spec", "variables"), [{"kind": "TextVariable", "spec": {}}]),
        (("spec", "layouts"), [{"kind": "Grid", "spec": {"display": {"title": "T"}}}]),
    ],
)
def test_what_is_sent_of_the_form_itself_is_kept(
    api: Api, path: tuple[str, ...], value: Any
) -> None:
    made = api.make("dashboards", definition=changed(path, value))

    found = api.read("dashboards", made["id"])["dashboard"]
    for key in path:
        found = found[key]
    assert value == found


def test_what_is_read_can_be_written_back_and_stays(api: Api) -> None:
    made = api.make("dashboards")
    read = api.read("dashboards", made["id"])
    api.change("dashboards", made["id"], definition=read["dashboard"])

    assert read == api.read("dashboards", made["id"])


def test_a_slug_is_taken_until_its_dashboard_is_deleted(api: Api) -> None:
    made = api.make("dashboards")
    again = DASHBOARD | {"name": "Another"}

    assert 409 == api.send("POST", api.path("dashboards"), again).status_code
    assert [made] == api.read_all("dashboards")
    api.send("DELETE", api.path("dashboards", made["id"]))
    assert made["id"] != api.make("dashboards", **again)["id"]


def test_two_dashboards_may_have_one_name(api: Api) -> None:
    api.make("dashboards")
    api.make("dashboards", slug="other")

    assert ["pipeline", "other"] == [each["dashboard_slug"] for each in api.read_all("dashboards")]


@pytest.mark.parametrize("slug", ["pipeline", "other"])
def test_a_slug_cannot_be_changed(api: Api, slug: str) -> None:
    made = api.make("dashboards")

    assert [["body", "slug"]] == places(api.change("dashboards", made["id"], slug=slug))
    assert [made] == api.read_all("dashboards")


def test_a_new_definition_replaces_the_old_one_as_a_whole(api: Api) -> None:
    made = api.make("dashboards")
    api.change("dashboards", made["id"], definition={"kind": "Dashboard", "spec": {}})
    found = api.read("dashboards", made["id"])["dashboard"]

    assert {} == found["spec"]["panels"]
    assert ("pipeline", "The pipeline") == (
        found["metadata"]["name"],
        found["spec"]["display"]["name"],
    )


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"name": ""}, ["name"]),
        ({"name": "x" * 201}, ["name"]),
        ({"name": 1}, ["name"]),
        ({"slug": ""}, ["slug"]),
        ({"slug": "The Pipeline"}, ["slug"]),
        ({"slug": "a/b"}, ["slug"]),
        ({"slug": "a\n"}, ["slug"]),
        ({"slug": "-a"}, ["slug"]),
        ({"definition": "{}"}, ["definition"]),
        ({"definition": {"kind": "Folder", "spec": {}}}, ["definition", "kind"]),
        ({"definition": {"kind": "Dashboard"}}, ["definition", "spec"]),
        ({"definition": changed(("spec", "panels"), [])}, ["definition", "spec", "panels"]),
        (
            {"definition": changed(("spec", "panels", "Runs", "kind"), "Chart")},
            ["definition", "spec", "panels", "Runs", "kind"],
        ),
        (
            {"definition": changed(("spec", "panels", "Runs", "spec"), {})},
            ["definition", "spec", "panels", "Runs", "spec", "plugin"],
        ),
        ({"definition": changed(("spec", "layouts"), {})}, ["definition", "spec", "layouts"]),
    ],
)
def test_what_is_no_dashboard_is_refused_where_it_is_wrong(
    api: Api, changes: dict[str, Any], place: list[str]
) -> None:
    assert [["body", *place]] == places(
        api.send("POST", api.path("dashboards"), DASHBOARD | changes)
    )
    assert [] == api.read_all("dashboards")
