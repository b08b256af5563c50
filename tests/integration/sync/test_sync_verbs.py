from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

import pytest
from contract_server import OTHER_PROJECT, PROJECT, Fault
from sync_definitions import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from contract_server import Contract
    from sync_definitions import Ran

    Mystage = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _url(folder: Path, server: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGFIRE_BASE_URL", server.url)


def test_a_plan_writes_nothing(mystage: Mystage, server: Contract) -> None:
    ran = mystage("plan")
    assert (0, {"GET"}) == (ran.code, set(server.counts()))
    assert "5 to add, 0 to change, 0 to destroy" in ran.out
    assert "+ alert Failures" in ran.out
    assert "+                      WHERE level >= 'error'" in ran.out


def test_a_plan_after_an_apply_is_empty(mystage: Mystage) -> None:
    assert 2 == mystage("plan", "--detailed-exitcode").code
    assert 0 == mystage("apply", "--yes").code
    ran = mystage("plan", "--detailed-exitcode")
    assert 0 == ran.code
    assert "0 to add, 0 to change, 0 to destroy; 5 as they should be" in ran.out


def test_a_plan_without_changes_asks_once_per_kind_and_once_per_dashboard(
    mystage: Mystage, server: Contract
) -> None:
    mystage("apply", "--yes")
    server.requests.clear()
    mystage("plan")
    base = f"/api/v1/projects/{PROJECT}"
    collections = [
        "/api/v1/channels/",
        "/api/v1/projects/",
        "/api/v1/schedules/",
        *(f"{base}/{each}/" for each in ("alerts", "dashboards", "slos")),
    ]
    dashboards = [f"{base}/dashboards/{each}/" for each in server.objects["dashboards"]]
    assert sorted([*collections, *dashboards]) == sorted(path for _, path in server.requests)


def test_json_is_one_document(mystage: Mystage) -> None:
    ran = mystage("plan", "--json")
    document = json.loads(ran.out)
    assert {"add": 5, "change": 0, "destroy": 0, "unchanged": 0} == document["summary"]
    assert ["schedule", "channel", "alert", "slo", "dashboard"] == [
        each["kind"] for each in document["actions"]
    ]


def test_an_alert_is_written_after_the_channel_it_tells(mystage: Mystage, server: Contract) -> None:
    mystage("apply", "--yes")
    alert, channel, schedule = map(server.only, ("alerts", "channels", "schedules"))
    assert [{"channel_id": channel["id"], "schedule_id": schedule["id"]}] == alert[
        "channel_assignments"
    ]
    assert SECRET == server.secrets["on call"]


def test_a_secret_is_nowhere_but_in_its_channel(
    mystage: Mystage, server: Contract, folder: Path
) -> None:
    plan = mystage("plan", "--out", "plan.json", "--markdown", "plan.md")
    applied = mystage("apply", "plan.json", "--yes")
    rest = mystage("drift")
    texts = [each for ran in (plan, applied, rest) for each in (ran.out, ran.err)]
    texts += [(folder / name).read_text() for name in ("plan.json", "plan.md")]
    texts.append(json.dumps(server.objects))
    assert not [text for text in texts if "correct-horse" in text]


def test_a_secret_that_the_server_repeats_is_not_told(mystage: Mystage, server: Contract) -> None:
    body = json.dumps({"detail": [{"msg": "bad", "input": {"url": SECRET}}]})
    server.faults.append(Fault("POST", "/channels/", status=422, body=body, times=9))
    ran = mystage("apply", "--yes")
    assert 1 == ran.code
    assert "correct-horse" not in ran.out + ran.err
    assert "failed: channel on call" in ran.err


@pytest.mark.parametrize(
    "repeat", [str.upper, quote_plus, lambda secret: secret[:-4]], ids=["upper", "quoted", "cut"]
)
def test_not_a_word_is_told_of_a_server_that_was_given_a_secret(
    mystage: Mystage, server: Contract, repeat: Callable[[str], str]
) -> None:
    told = repeat(SECRET)
    body = json.dumps({"detail": [{"loc": ["body", "config", "url"], "msg": told, "input": told}]})
    server.faults.append(Fault("POST", "/channels/", status=422, body=body, times=9))
    ran = mystage("apply", "--yes")
    assert "HTTP 422, at body.config.url" in ran.err
    assert "hors" not in (ran.out + ran.err).lower()


@pytest.mark.parametrize(
    "secret", ["https://h.example/a b", "https://h.example/a\n", "https://h.example/\x1b"]
)
def test_a_secret_that_cannot_be_sent_is_told_before_anything_is_asked(
    mystage: Mystage, server: Contract, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setenv("HOOK", secret)
    ran = mystage("apply", "--yes")
    assert (1, []) == (ran.code, server.requests)
    assert "HOOK: a secret is text without spaces" in ran.err
    assert "h.example" not in ran.err


def test_a_rotated_secret_is_applied_once(
    mystage: Mystage, server: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    mystage("apply", "--yes")
    monkeypatch.setenv("HOOK", f"{SECRET}-rotated")
    ran = mystage("plan")
    assert "~ channel on call  (sets its secret from HOOK)" in ran.out
    assert "0 to add, 1 to change" in ran.out
    mystage("apply", "--yes")
    assert f"{SECRET}-rotated" == server.secrets["on call"]
    assert 0 == mystage("plan", "--detailed-exitcode").code


def test_a_secret_that_somebody_else_set_is_set_once(mystage: Mystage, server: Contract) -> None:
    server.answer(
        "POST",
        "/api/v1/channels/",
        {"label": "on call", "config": {"type": "webhook", "url": "https://elsewhere.example/x"}},
    )
    assert "adopts it: it is there, and was not mystage's" in mystage("plan").out
    mystage("apply", "--yes")
    assert SECRET == server.secrets["on call"]
    assert 0 == mystage("plan", "--detailed-exitcode").code


def test_all_missing_secrets_are_told_before_anything_is_asked(
    mystage: Mystage, server: Contract, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "alerts/more.yaml").write_text(
        "{kind: Channel, label: more, config: {type: opsgenie, auth_key: '${MORE}'}}"
    )
    monkeypatch.delenv("HOOK")
    ran = mystage("apply", "--yes")
    assert 1 == ran.code
    assert "alerts/all.yaml:1:1: HOOK" in ran.err
    assert "alerts/more.yaml:1:1: MORE" in ran.err
    assert not server.counts()["POST"]


def test_a_channel_that_is_off_is_switched_off(
    mystage: Mystage, server: Contract, folder: Path
) -> None:
    file = folder / "alerts/all.yaml"
    file.write_text(file.read_text().replace("label: on call", "label: on call\nactive: false", 1))
    mystage("apply", "--yes")
    assert server.only("channels")["active"] is False
    assert 0 == mystage("plan", "--detailed-exitcode").code


def test_an_object_that_is_there_is_adopted(mystage: Mystage, server: Contract) -> None:
    mystage("apply", "--yes")
    alert = server.only("alerts")
    alert["description"] = "See the runbook."
    ran = mystage("plan")
    assert "~ alert Failures  (adopts it" in ran.out
    mystage("apply", "--yes")
    assert alert["description"].startswith("See the runbook.\n\nManaged by mystage (")


def test_what_the_interface_adds_is_no_change(mystage: Mystage, server: Contract) -> None:
    mystage("apply", "--yes")
    for dashboard in server.objects["dashboards"].values():
        spec = dashboard["definition"]["spec"]
        spec |= {"annotations": [], "links": [{"url": "x"}], "duration": "60m"}
    server.only("alerts").update(time_window="P1D", frequency="PT300S", last_run="now")
    assert 0 == mystage("plan", "--detailed-exitcode").code


def test_only_changed_fields_are_written(mystage: Mystage, server: Contract, folder: Path) -> None:
    mystage("apply", "--yes")
    alert = server.only("alerts")
    alert["query"] = "SELECT 1"
    alert["frequency"] = "PT1H"
    file = folder / "alerts/all.yaml"
    mystage("plan", "--out", "plan.json")
    assert 0 == mystage("apply", "plan.json", "--yes").code
    assert ("SELECT span_name FROM records WHERE level >= 'error'", "PT5M") == (
        alert["query"],
        alert["frequency"],
    )
    assert file.exists()


def test_a_plan_is_refused_once_what_it_changes_has_changed(
    mystage: Mystage, server: Contract
) -> None:
    mystage("apply", "--yes")
    server.only("alerts")["query"] = "SELECT 1"
    mystage("plan", "--out", "plan.json")
    server.only("alerts")["query"] = "SELECT 2"
    server.requests.clear()
    ran = mystage("apply", "plan.json", "--yes")
    assert (1, {"GET"}) == (ran.code, set(server.counts()))
    assert "the alert 'Failures' changed since the plan was made: make a new plan" in ran.err


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 2}', "\x00", '{"version": 1}'])
def test_a_file_that_is_no_plan_is_refused(mystage: Mystage, folder: Path, text: str) -> None:
    (folder / "plan.json").write_text(text)
    ran = mystage("apply", "plan.json", "--yes")
    assert 1 == ran.code
    assert "Make a new one with `mystage plan --out plan.json`" in ran.err


def test_a_plan_for_another_project_is_refused(mystage: Mystage, server: Contract) -> None:
    mystage("plan", "--out", "plan.json")
    server.projects.append((OTHER_PROJECT, "other"))
    ran = mystage("apply", "plan.json", "--yes", "--project", "other")
    assert 1 == ran.code
    assert "is a plan for the project shop" in ran.err


def test_apply_asks_and_without_anybody_to_ask_is_refused(
    mystage: Mystage, server: Contract
) -> None:
    ran = mystage("apply")
    assert (64, {"GET"}) == (ran.code, set(server.counts()))
    assert "5 to add" in ran.out


def test_definitions_that_cannot_be_read_are_told(mystage: Mystage, folder: Path) -> None:
    (folder / "alerts/bad.yaml").write_text("kind: Alert\nname: x\n")
    ran = mystage("apply", "--yes")
    assert 1 == ran.code
    assert "alerts/bad.yaml:1:1: 'sql' is missing" in ran.err


def test_a_channel_that_is_nowhere_is_told(mystage: Mystage, folder: Path) -> None:
    (folder / "alerts/bad.yaml").write_text(
        "{kind: Alert, name: x, sql: SELECT 1, window: 1h, every: 1h,"
        " channels: [{channel: nobody}]}"
    )
    ran = mystage("plan")
    assert 1 == ran.code
    assert "alerts/bad.yaml:1:1: the channel 'nobody' is neither defined nor there" in ran.err


def test_which_of_several_projects_has_to_be_said(mystage: Mystage, server: Contract) -> None:
    server.projects.append((OTHER_PROJECT, "other"))
    ran = mystage("plan")
    assert (1, True) == (ran.code, "--project or LOGFIRE_PROJECT" in ran.err)
    assert 0 == mystage("plan", "--project", "shop").code
    assert "has no project 'none'" in mystage("plan", "--project", "none").err


def test_drift_tells_who_changed_what(mystage: Mystage, server: Contract) -> None:
    mystage("apply", "--yes")
    assert 0 == mystage("drift").code
    server.only("alerts")["query"] = "SELECT 'mine'"
    ran = mystage("drift")
    assert 1 == ran.code
    assert "alert Failures was changed in Logfire by Ada at 2026-11-24T12:00:00Z" in ran.out
    assert "+query: SELECT 'mine'" in ran.out
    assert ["edited"] == [
        each["cause"] for each in json.loads(mystage("drift", "--json").out)["drift"]
    ]


def test_drift_tells_a_definition_that_is_not_applied(mystage: Mystage, folder: Path) -> None:
    mystage("apply", "--yes")
    file = folder / "alerts/all.yaml"
    file.write_text(file.read_text().replace("every: 5m", "every: 10m"))
    assert "alert Failures has a definition that is not applied yet" in mystage("drift").out


def test_prune_deletes_what_is_ours_and_not_defined(
    mystage: Mystage, server: Contract, folder: Path
) -> None:
    mystage("apply", "--yes")
    base = f"/api/v1/projects/{PROJECT}"
    server.answer("POST", f"{base}/alerts/", {"name": "by hand", "query": "SELECT 1"})
    server.answer("POST", "/api/v1/channels/", {"label": "by hand", "config": {"type": "email"}})
    (folder / "alerts/all.yaml").unlink()
    server.requests.clear()
    ran = mystage("prune", "--max", "3", "--yes")
    assert (1, 0) == (ran.code, server.counts()["DELETE"])
    ran = mystage("prune", "--yes")
    assert 0 == ran.code
    assert "0 to add, 0 to change, 4 to destroy" in ran.out
    assert ("by hand", "by hand") == (
        server.only("alerts")["name"],
        server.only("channels")["label"],
    )
    assert {"health", "mystage-state"} == {
        each["slug"] for each in server.objects["dashboards"].values()
    }


def test_prune_keeps_a_channel_that_somebody_uses(
    mystage: Mystage, server: Contract, folder: Path
) -> None:
    mystage("apply", "--yes")
    channel = server.only("channels")
    server.answer(
        "POST",
        f"/api/v1/projects/{PROJECT}/alerts/",
        {"name": "by hand", "channel_assignments": [{"channel_id": channel["id"]}]},
    )
    (folder / "alerts/all.yaml").unlink()
    ran = mystage("prune", "--yes")
    assert "kept: the channel 'on call' is used by the alert 'by hand' of shop" in ran.err
    assert channel == server.only("channels")


def test_prune_leaves_copies_that_people_made(
    mystage: Mystage, server: Contract, folder: Path
) -> None:
    mystage("apply", "--yes")
    base = f"/api/v1/projects/{PROJECT}"
    description = server.only("alerts")["description"]
    server.answer(
        "POST", f"{base}/alerts/", {"name": "my copy", "query": "x", "description": description}
    )
    (ours,) = [each for each in server.objects["dashboards"].values() if each["slug"] == "health"]
    copied = {"name": "Copy", "slug": "my-copy", "definition": ours["definition"]}
    server.answer("POST", f"{base}/dashboards/", copied)
    server.requests.clear()
    ran = mystage("prune", "--yes")
    assert (0, 0) == (ran.code, server.counts()["DELETE"])


def test_prune_with_paths_deletes_only_kinds_that_they_define(
    mystage: Mystage, server: Contract, folder: Path
) -> None:
    mystage("apply", "--yes")
    server.requests.clear()
    ran = mystage("prune", "dashboards", "--yes")
    assert (0, 0) == (ran.code, server.counts()["DELETE"])


def test_prune_is_refused_where_a_usual_folder_is_missing(
    mystage: Mystage, server: Contract, folder: Path
) -> None:
    mystage("apply", "--yes")
    (folder / "alerts").rename(folder / "elsewhere")
    ran = mystage("prune", "--yes")
    assert (64, True) == (ran.code, "there is no folder alerts here" in ran.err)


def test_prune_is_refused_where_nothing_is_defined(mystage: Mystage, folder: Path) -> None:
    mystage("apply", "--yes")
    (folder / "empty").mkdir()
    ran = mystage("prune", "empty", "--yes")
    assert (1, True) == (ran.code, "is this the right folder?" in ran.err)


def test_what_is_imported_plans_clean(
    mystage: Mystage, server: Contract, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mystage("apply", "--yes")
    ran = mystage("import", "--all", "--out", "imported")
    assert 0 == ran.code
    assert "imported/channel-on-call.yaml: put its secret into ON_CALL_URL" in ran.err
    monkeypatch.setenv("ON_CALL_URL", SECRET)
    assert 0 == mystage("plan", "imported", "--detailed-exitcode").code
    assert "sql: health/failures.sql" in (folder / "imported/health.yaml").read_text()
    assert "correct-horse" not in "".join(
        file.read_text() for file in (folder / "imported").rglob("*.*")
    )


def test_a_dashboard_that_yaml_cannot_say_is_kept_as_perses_json(
    mystage: Mystage, server: Contract, folder: Path
) -> None:
    mystage("apply", "--yes")
    for dashboard in server.objects["dashboards"].values():
        for panel in dashboard["definition"]["spec"]["panels"].values():
            panel["spec"]["plugin"]["kind"] = "StatChart"
    ran = mystage("import", "dashboard", "health", "--out", "imported")
    assert ("imported/health.json\n", 0) == (ran.out, ran.code)
    assert 0 == mystage("plan", "imported", "--detailed-exitcode").code


def test_import_overwrites_nothing(mystage: Mystage, folder: Path) -> None:
    mystage("apply", "--yes")
    before = (folder / "dashboards/health.yaml").read_text()
    ran = mystage("import", "dashboard", "health")
    assert (1, before) == (ran.code, (folder / "dashboards/health.yaml").read_text())
    assert "dashboards/health.yaml: it is there already" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [("import",), ("import", "alert"), ("import", "alert", "x", "--all"), ("plan", "-x")],
)
def test_wrong_usage_is_told(mystage: Mystage, arguments: tuple[str, ...]) -> None:
    assert 64 == mystage(*arguments).code


def test_markdown_is_bounded_and_shows_no_markup_of_others(mystage: Mystage, folder: Path) -> None:
    sql = "SELECT '```' AS x, '</details>'\n" + "-- padding\n" * 900
    for number in range(20):
        (folder / f"alerts/{number}.sql").write_text(sql)
        (folder / f"alerts/{number}.yaml").write_text(
            f"{{kind: Alert, name: '<b>@all {number}', sql: {number}.sql, window: 1h, every: 1h}}"
        )
    mystage("plan", "--markdown", "plan.md")
    text = (folder / "plan.md").read_text()
    assert len(text) < 60_000
    assert "````diff" in text
    assert "<summary>&#43; alert &lt;b&gt;@all" not in text
    assert "more: see the whole plan with `mystage plan`." in text
