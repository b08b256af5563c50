from __future__ import annotations

import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.cli.plan_pictures import draw_pictures
from telemetry.definitions import Dashboard, compile_dashboard
from telemetry.errors import QueryFailed
from telemetry.preview.asking import Answer
from telemetry.sync.canonical import canonical
from telemetry.sync.changed_panels import ABSENT, FOREIGN, find_changed_panels
from telemetry.sync.markdown import write_markdown
from telemetry.sync.pictures import NO_DATA, Picture, draw_changes, name_pictures
from telemetry.sync.plan import Action, Change, Plan, make_view
from telemetry.sync.remote import Project
from telemetry.sync.resources import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

UNTIL = datetime(2026, 1, 5, 12, tzinfo=UTC)
DASHBOARD: dict[str, Any] = {
    "kind": "Dashboard",
    "slug": "health",
    "name": "Health",
    "variables": [{"type": "text", "name": "host", "default": "a"}],
    "groups": [
        {
            "title": "All",
            "panels": [
                {"name": "Total", "kind": "values", "sql": "SELECT 1 AS n"},
                {"name": "Of a host", "kind": "table", "sql": "SELECT ${host} AS host"},
                {"name": "Words", "kind": "markdown", "text": "Hello"},
            ],
        }
    ],
}


def body_of(data: dict[str, Any]) -> dict[str, Any]:
    model = Dashboard.model_validate(data)
    return {"name": model.name, "slug": model.slug, "definition": compile_dashboard(model)}


def change(before: dict[str, Any] | None, after: dict[str, Any]) -> Action:
    """Return what is done to a dashboard, given as the bodies of requests."""
    view = None if before is None else make_view(canonical(Kind.DASHBOARD, before), managed=True)
    return Action(
        change=Change.CHANGE if before else Change.ADD,
        kind=Kind.DASHBOARD,
        identity="health",
        body=after,
        before=view,
    )


def plan_of(action: Action, url: str = "http://127.0.0.1:1") -> Plan:
    return Plan(url=url, project=Project("1", "shop"), actions=(action,))


def edited(edit: Callable[[dict[str, Any]], object]) -> Action:
    after = copy.deepcopy(DASHBOARD)
    edit(after)
    return change(body_of(DASHBOARD), body_of(after))


def panel(data: dict[str, Any], number: int) -> dict[str, Any]:
    found: dict[str, Any] = data["groups"][0]["panels"][number]
    return found


@pytest.mark.parametrize(
    ("edit", "changed"),
    [
        (lambda data: panel(data, 0).update(sql="SELECT 2 AS n"), ["Total"]),
        (lambda data: panel(data, 0).update(description="More"), ["Total"]),
        (lambda data: panel(data, 2).update(text="Bye"), ["Words"]),
        (lambda data: panel(data, 0).update(width=3), ["Total"]),
        (lambda data: data["variables"][0].update(default="b"), ["Of a host"]),
        # What only moves, or is told otherwise around panels, looks as before.
        (lambda data: data["groups"][0]["panels"].reverse(), []),
        (lambda data: data.update(name="Well-being", duration="24h"), []),
        (lambda data: data["groups"][0].update(title="Everything"), []),
    ],
)
def test_panels_that_would_look_otherwise_have_changed(
    edit: Callable[[dict[str, Any]], object], changed: list[str]
) -> None:
    assert changed == [each.title for each in find_changed_panels(edited(edit))]


def test_a_panel_that_is_new_or_goes_is_there_on_one_side() -> None:
    (new, gone) = find_changed_panels(edited(lambda data: panel(data, 0).update(name="Sum")))

    assert ("Sum", ABSENT, "") == (new.title, new.before.reason, new.after.reason)
    assert ("Total", "", ABSENT) == (gone.title, gone.before.reason, gone.after.reason)


def test_a_dashboard_that_is_new_has_all_panels_after_only() -> None:
    changed = find_changed_panels(change(None, body_of(DASHBOARD)))

    assert ["Total", "Of a host", "Words"] == [each.title for each in changed]
    assert [(ABSENT, "")] * 3 == [(each.before.reason, each.after.reason) for each in changed]


def test_a_dashboard_that_no_definition_can_say_is_not_drawn_and_says_so() -> None:
    foreign = body_of(DASHBOARD)
    queries = foreign["definition"]["spec"]["panels"]["Total"]["spec"]["queries"]
    queries.append(copy.deepcopy(queries[0]))

    (only,) = find_changed_panels(change(foreign, body_of(DASHBOARD)))

    assert ("Total", FOREIGN, "") == (only.title, only.before.reason, only.after.reason)


@pytest.mark.parametrize("spec", [{}, {"panels": {"a": 1}}, {"panels": {"a": {}}, "layouts": [3]}])
def test_what_a_server_may_hold_is_compared_too(spec: dict[str, Any]) -> None:
    held = {"name": "Health", "definition": {"spec": spec}}

    changed = find_changed_panels(change(held, body_of(DASHBOARD)))

    assert ["Total", "Of a host", "Words", *spec.get("panels", ())] == [
        each.title for each in changed
    ]


@given(st.lists(st.text(max_size=80), unique=True, max_size=8))
def test_names_of_pictures_are_all_different_and_stay_in_their_folder(keys: list[str]) -> None:
    names = name_pictures("health", keys)

    assert len(keys) == len({name.lower() for name in names})
    assert names == name_pictures("health", keys)
    for name in names:
        assert ("health", 2) == (name.split("/")[0], len(Path(name).parts))
        assert name.isascii()
        assert name.replace("/", "").replace("-", "").isalnum()


def test_names_of_pictures_are_those_of_panels() -> None:
    assert ["health/failures", "health/total-by-stage", "health/total-by-stage-4ccce299"] == (
        name_pictures("health", ["Failures", "Total-by-stage", "total-by-stage"])
    )


def draw(action: Action, ask: Callable[[str], Answer]) -> list[tuple[str, Picture, Picture]]:
    drawn = draw_changes(plan_of(action), lambda sql, _: ask(sql), UNTIL, None)
    return [(each.title, each.before, each.after) for panels in drawn.values() for each in panels]


def test_a_panel_is_drawn_with_the_rows_of_each_of_its_queries() -> None:
    rows = {"SELECT 1 AS n": {"n": 4711}, "SELECT 2 AS n": {"n": 1147}}
    action = edited(lambda data: panel(data, 0).update(sql="SELECT 2 AS n"))

    [(title, before, after)] = draw(action, lambda sql: Answer(("n",), (rows[sql],)))

    assert ("Total", "health/total-before.png", "health/total-after.png") == (
        title,
        before.name,
        after.name,
    )
    assert (True, False) == (">4,711<" in before.svg, ">1,147<" in before.svg)
    assert (False, True) == (">4,711<" in after.svg, ">1,147<" in after.svg)


def test_what_cannot_be_drawn_says_why() -> None:
    def ask(sql: str) -> Answer:
        if sql == "SELECT 2 AS n":
            raise QueryFailed("No column 'x' | in <records>")
        return Answer((), ())

    action = edited(lambda data: panel(data, 0).update(sql="SELECT 2 AS n"))

    [(_, before, after)] = draw(action, ask)

    assert (NO_DATA, "No column 'x' | in <records>") == (before.reason, after.reason)
    drawn = draw_changes(plan_of(action), lambda sql, _: ask(sql), UNTIL, None)
    assert (
        "| Total | no data in this time | No column 'x' &#124; in &lt;records&gt; |"
    ) in write_markdown(plan_of(action), drawn, "panels")


def test_pictures_stand_below_the_diff_and_are_found_from_it() -> None:
    action = edited(lambda data: panel(data, 0).update(sql="SELECT 2 AS n"))
    plan = plan_of(action)
    drawn = draw_changes(plan, lambda *_: Answer(("n",), ({"n": 1},)), UNTIL, None)

    written = write_markdown(plan, drawn, "../my panels")

    without = write_markdown(plan)
    assert (
        "```\n\n| panel | before | after |\n| --- | --- | --- |\n"
        "| Total | ![before](../my%20panels/health/total-before.png)"
        " | ![after](../my%20panels/health/total-after.png) |\n\n</details>\n"
    ) in written
    assert without == "".join(
        line for line in written.splitlines(keepends=True) if not line.startswith("|")
    ).replace("```\n\n\n</details>", "```\n\n</details>")


def test_pictures_of_logfire_need_a_token_to_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("LOGFIRE_READ_TOKEN", raising=False)
    action = edited(lambda data: panel(data, 0).update(sql="SELECT 2 AS n"))

    drawn = draw_pictures(plan_of(action, "https://api-us.pydantic.dev"), tmp_path, None)

    [[only]] = drawn.values()
    assert ["not drawn: LOGFIRE_READ_TOKEN is not set"] * 2 == [
        only.before.reason,
        only.after.reason,
    ]
