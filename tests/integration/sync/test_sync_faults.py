from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from applies_at_once import apply_at_once
from contract_server import Contract, Fault, serve

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sync_definitions import Ran

    Mystage = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _url(folder: Path, server: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGFIRE_BASE_URL", server.url)


@pytest.mark.parametrize("verb", [("plan",), ("apply", "--yes"), ("drift",), ("prune", "--yes")])
def test_a_server_that_is_down_is_told(
    mystage: Mystage, monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...]
) -> None:
    with serve(Contract()) as gone:
        pass
    monkeypatch.setenv("LOGFIRE_BASE_URL", gone.url)
    ran = mystage(*verb)
    assert 69 == ran.code
    assert f"{gone.url} failed, 3 times, at GET /api/v1/projects/: nothing listens there" in ran.err


def test_a_wrong_key_is_told_at_once(
    mystage: Mystage, server: Contract, pauses: list[float]
) -> None:
    server.key = "right"
    ran = mystage("plan")
    assert (1, []) == (ran.code, pauses), ran.err
    assert "HTTP 401, Invalid token. Does the key belong to it" in ran.err


def test_logfires_own_key_never_goes_to_an_emulator(
    mystage: Mystage, server: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGFIRE_API_KEY", "pylf_v1_us_secret")
    mystage("plan")
    assert {"local"} == server.keys_seen
    monkeypatch.setenv("MYSTAGE_LOGFIRE_TOKEN", "mine")
    mystage("plan")
    assert {"local", "mine"} == server.keys_seen


def test_it_comes_back_when_the_server_says(
    mystage: Mystage, server: Contract, pauses: list[float]
) -> None:
    server.faults.append(Fault("GET", "/alerts/", status=429, headers={"Retry-After": "7"}))
    assert 0 == mystage("plan").code
    assert 1 == len(pauses)
    assert 7 <= pauses[0] < 8


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_server_that_goes_on_failing_is_told(
    mystage: Mystage, server: Contract, pauses: list[float], status: int
) -> None:
    server.faults.append(Fault("GET", "/projects/", status=status, times=99))
    ran = mystage("plan")
    assert (69, 2) == (ran.code, len(pauses))
    assert f"HTTP {status}, so it was told" in ran.err


def test_a_server_that_wants_to_be_left_alone_for_long_is_not_waited_for(
    mystage: Mystage, server: Contract, pauses: list[float]
) -> None:
    server.faults.append(Fault("GET", "/", status=429, headers={"Retry-After": "9000"}, times=99))
    ran = mystage("plan")
    assert (69, []) == (ran.code, pauses)
    assert "It says to come back in 9000 s" in ran.err


@pytest.mark.parametrize("collection", ["dashboards", "alerts", "channels", "slos"])
def test_a_create_whose_answer_is_lost_is_looked_for(
    mystage: Mystage, server: Contract, collection: str
) -> None:
    server.faults.append(Fault("POST", f"/{collection}/", work=True))
    assert 0 == mystage("apply", "--yes").code
    assert [2, 1, 1, 1, 1] == [
        len(server.objects[each])
        for each in ("dashboards", "alerts", "slos", "channels", "schedules")
    ]
    assert 0 == mystage("plan", "--detailed-exitcode").code


@pytest.mark.parametrize("work", [True, False])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("status", [0, 502])
def test_whatever_one_write_fails_with_the_end_is_the_same(  # noqa: PLR0913, PLR0917 - each is one thing that varies
    mystage: Mystage,
    server: Contract,
    folder: Path,
    method: str,
    status: int,
    work: bool,  # noqa: FBT001
) -> None:
    if method != "POST":
        mystage("apply", "--yes")
        file = folder / "alerts/all.yaml"
        file.write_text(file.read_text().replace("every: 5m", "every: 10m").replace("99.9", "99"))
    server.faults.append(Fault(method, "/", status=status, work=work))
    assert 0 == mystage("apply", "--yes").code
    assert [2, 1, 1, 1, 1] == [
        len(server.objects[each])
        for each in ("dashboards", "alerts", "slos", "channels", "schedules")
    ]
    assert 0 == mystage("plan", "--detailed-exitcode").code


@pytest.mark.parametrize("collection", ["schedules", "channels", "dashboards", "alerts", "slos"])
def test_a_second_apply_finishes_what_the_first_could_not(
    mystage: Mystage, server: Contract, collection: str
) -> None:
    server.faults.append(Fault("POST", f"/{collection}/", status=503, times=99))
    ran = mystage("apply", "--yes")
    assert (69, True) == (ran.code, "apply again" in ran.err)
    server.faults.clear()
    assert 0 == mystage("apply", "--yes").code
    assert 0 == mystage("plan", "--detailed-exitcode").code


def test_what_one_object_is_refused_for_does_not_stop_the_others(
    mystage: Mystage, server: Contract
) -> None:
    server.faults.append(Fault("POST", "/alerts/", status=422, body='{"detail": "bad sql"}'))
    ran = mystage("apply", "--yes")
    assert 1 == ran.code
    assert "failed: alert Failures:" in ran.err
    assert "HTTP 422, bad sql" in ran.err
    assert "done: 4 added, 0 changed" in ran.out


def test_applies_at_once_end_in_one_state(server: Contract, folder: Path) -> None:
    assert [[], [], []] == [each.failures for each in apply_at_once(server.url, folder)]
    assert [2, 1, 1, 1, 1] == [
        len(server.objects[each])
        for each in ("dashboards", "alerts", "slos", "channels", "schedules")
    ]


@pytest.mark.parametrize("collection", ["dashboards", "alerts", "channels", "slos"])
def test_a_release_that_is_too_old_is_told(
    mystage: Mystage, server: Contract, collection: str
) -> None:
    server.absent.add(collection)
    ran = mystage("plan")
    assert 1 == ran.code
    assert f"(release v2026-09-14.01) has no {collection}" in ran.err


def test_slos_and_schedules_that_nobody_defines_may_be_absent(
    mystage: Mystage, server: Contract
) -> None:
    server.absent |= {"slos", "schedules"}
    assert 0 == mystage("plan", "dashboards").code


def test_schedules_are_found_again_where_there_is_no_list(
    mystage: Mystage, server: Contract
) -> None:
    server.unlisted.add("schedules")
    assert 0 == mystage("apply", "--yes").code
    assert 0 == mystage("plan", "--detailed-exitcode").code
    state = next(
        each for each in server.objects["dashboards"].values() if each["slug"] == "mystage-state"
    )
    del server.objects["dashboards"][state["id"]]
    # The alert still tells its id.
    assert "~ schedule office hours" in mystage("plan").out
    mystage("apply", "--yes")
    assert 1 == len(server.objects["schedules"])


def test_a_lost_answer_is_not_guessed_where_there_is_no_list(
    mystage: Mystage, server: Contract
) -> None:
    server.unlisted.add("schedules")
    server.faults.append(Fault("POST", "/schedules/", work=True))
    ran = mystage("apply", "--yes")
    assert (69, 1) == (ran.code, len(server.objects["schedules"]))
    assert "did not say whether it made the schedule 'office hours'" in ran.err


def test_an_answer_that_is_not_logfires_is_told(mystage: Mystage, server: Contract) -> None:
    server.faults.append(Fault("GET", "/", status=200, body="<html>", times=99))
    ran = mystage("plan")
    assert (69, True) == (ran.code, "with no JSON: is Logfire there?" in ran.err)


def test_a_redirect_is_not_followed_with_the_key(mystage: Mystage, server: Contract) -> None:
    headers = {"Location": f"{server.url}/elsewhere"}
    server.faults.append(Fault("GET", "/", status=302, headers=headers, times=99))
    ran = mystage("plan")
    assert (69, 1) == (ran.code, len(server.requests))


def test_what_a_server_says_steers_no_terminal(mystage: Mystage, server: Contract) -> None:
    server.faults.append(
        Fault("GET", "/", status=400, body='{"detail": "\\u001b[2Jgone"}', times=99)
    )
    ran = mystage("plan")
    assert (1, False) == (ran.code, "\x1b" in ran.err)


def test_a_dashboard_that_is_deleted_while_it_is_read_is_added(
    mystage: Mystage, server: Contract
) -> None:
    mystage("apply", "--yes")
    identifier = next(
        each["id"] for each in server.objects["dashboards"].values() if each["slug"] == "health"
    )
    server.faults.append(Fault("GET", f"/dashboards/{identifier}/", status=404))
    assert "+ dashboard health" in mystage("plan").out


def test_a_schedule_where_the_release_has_none_is_told(mystage: Mystage, server: Contract) -> None:
    server.absent.add("schedules")
    ran = mystage("apply", "--yes")
    assert 1 == ran.code
    assert "(release v2026-09-14.01) has no /api/v1/schedules/" in ran.err
    # What tells nobody at its hours is not half written.
    assert not server.objects["alerts"]


def test_a_channel_of_which_there_are_several_is_told(
    mystage: Mystage, server: Contract, folder: Path
) -> None:
    for number in "12":
        server.objects["channels"][number] = {"id": number, "label": "on call", "config": {}}
    ran = mystage("plan")
    assert 1 == ran.code
    assert "alerts/all.yaml:1:1: shop has several of the channel 'on call'" in ran.err
