"""The emulator's own paths: runs, deliveries, snoozing, by HTTP."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.applications import Starlette

from telemetry.emulator.alerting import AlertingApi
from telemetry.emulator.http.app import _refuse
from telemetry.emulator.http.refusals import Refusal
from telemetry.emulator.timestamps import write_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from alert_bench import Bench
    from alert_receiver import Receiver

    Send = Callable[..., httpx.Response]

BEARER = "Bearer T"
NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def send(bench: Bench) -> Send:
    """Send a request to a path under the root, with the right token unless told otherwise."""

    def ask(
        method: str, path: str, body: Any = None, *, token: str | None = BEARER
    ) -> httpx.Response:
        app = Starlette(
            routes=AlertingApi(bench.alerting, "T").routes, exception_handlers={Refusal: _refuse}
        )

        async def do() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1/emulator/v1/"
            ) as client:
                headers = {"Content-Type": "application/json"}
                if token is not None:
                    headers["Authorization"] = token
                content = None if body is None else json.dumps(body)
                return await client.request(method, path, content=content, headers=headers)

        return asyncio.run(do())

    return ask


def locations(answer: httpx.Response) -> list[list[str | int]]:
    assert 422 == answer.status_code, answer.text
    return [each["loc"] for each in answer.json()["detail"]]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "alerts/"),
        ("GET", f"alerts/{NOWHERE}/"),
        ("GET", f"alerts/{NOWHERE}/runs/"),
        ("POST", f"alerts/{NOWHERE}/run/"),
        ("PUT", f"alerts/{NOWHERE}/snooze/"),
        ("GET", "deliveries/"),
        ("POST", f"deliveries/{NOWHERE}/retry/"),
    ],
)
def test_every_path_wants_the_token(send: Send, method: str, path: str) -> None:
    assert 401 == send(method, path, token=None).status_code
    assert 401 == send(method, path, token="Bearer other").status_code
    known = path in {"alerts/", "deliveries/"}
    body = {"until": None} if method == "PUT" else None
    assert (200 if known else 404) == send(method, path, body).status_code


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "alerts/high/"),
        ("GET", "alerts/high/runs/"),
        ("POST", "alerts/high/run/"),
        ("POST", "deliveries/first/retry/"),
    ],
)
def test_what_is_no_uuid_is_said_to_be_none(send: Send, method: str, path: str) -> None:
    assert [["path", "id"]] == locations(send(method, path))


def test_alerts_are_listed_as_they_are_read(bench: Bench, send: Send) -> None:
    first, second = bench.alert(), bench.alert(active=False)
    bench.minute("a")

    listed = send("GET", "alerts/").json()
    assert [first, second] == [each["id"] for each in listed]
    assert ["firing", "inactive"] == [each["state"] for each in listed]
    assert listed == [send("GET", f"alerts/{each}/").json() for each in (first, second)]
    assert {"id", "snoozed_until", "next_run", "last_run", "state"} == set(listed[0])


def test_runs_are_listed_and_an_alert_is_run(bench: Bench, send: Send) -> None:
    alert = bench.alert()
    bench.spans("a")
    run = send("POST", f"alerts/{alert}/run/")
    bench.minute()

    listed = send("GET", f"alerts/{alert}/runs/").json()
    assert (200, run.json()) == (run.status_code, listed[1])
    assert listed[:1] == send("GET", f"alerts/{alert}/runs/?limit=1").json()
    assert listed[1:] == send("GET", f"alerts/{alert}/runs/?before={listed[0]['id']}").json()
    assert {
        *("id", "at", "window_start", "window_end", "state", "result_length", "result", "error"),
        *("notified", "reason"),
    } == set(listed[0])
    assert 404 == send("GET", f"alerts/{alert}/runs/?before={NOWHERE}").status_code
    bench.change(alert, active=False)
    assert 409 == send("POST", f"alerts/{alert}/run/").status_code


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=all", "limit"),
        ("before=first", "before"),
        ("colour=red", "colour"),
    ],
)
def test_what_is_no_listing_is_refused(bench: Bench, send: Send, query: str, field: str) -> None:
    answer = send("GET", f"alerts/{bench.alert()}/runs/?{query}")

    assert [["query", field]] == locations(answer)


def test_deliveries_are_listed_and_tried_again(
    bench: Bench, receiver: Receiver, send: Send
) -> None:
    alert, other = (bench.alert(bench.channel(receiver.url)) for _ in range(2))
    receiver.plan(404, 404)
    bench.minute("a")

    listed = send("GET", "deliveries/").json()
    assert 2 == len(listed)
    [mine] = send("GET", f"deliveries/?alert_id={alert}").json()
    assert (alert, "failed") == (mine["alert_id"], mine["state"])
    assert mine in listed
    assert 1 == len(send("GET", f"deliveries/?alert_id={other}&limit=1").json())
    again = send("POST", f"deliveries/{mine['id']}/retry/")
    assert (200, "pending") == (again.status_code, again.json()["state"])
    bench.send()
    assert 409 == send("POST", f"deliveries/{mine['id']}/retry/").status_code


def test_an_alert_is_snoozed_and_woken(bench: Bench, send: Send) -> None:
    alert = bench.alert()
    until = bench.now + timedelta(hours=1)
    path = f"alerts/{alert}/snooze/"

    answer = send("PUT", path, {"until": until.isoformat()})
    assert (200, {"snoozed_until": write_timestamp(until)}) == (answer.status_code, answer.json())
    assert write_timestamp(until) == send("GET", f"alerts/{alert}/").json()["snoozed_until"]
    assert {"snoozed_until": None} == send("PUT", path, {"until": None}).json()
    past = datetime(2020, 1, 1, tzinfo=UTC).isoformat()
    assert {"snoozed_until": None} == send("PUT", path, {"until": past}).json()
    assert "no data" == send("GET", f"alerts/{alert}/").json()["state"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"until": "tomorrow"},
        {"until": "2030-01-01T00:00:00"},  # of which zone?
        {"until": "9999-12-31T23:59:59-12:00"},
        {"until": "0001-01-01T00:00:00+12:00"},
        {"until": []},
    ],
)
def test_what_is_no_deadline_is_refused(bench: Bench, send: Send, body: Any) -> None:
    answer = send("PUT", f"alerts/{bench.alert()}/snooze/", body)

    assert [["body", "until"]] == locations(answer)


def test_an_unknown_field_of_a_snooze_is_refused(bench: Bench, send: Send) -> None:
    answer = send("PUT", f"alerts/{bench.alert()}/snooze/", {"until": None, "for": "1h"})

    assert [["body", "for"]] == locations(answer)


def test_a_file_that_is_closed_is_503_and_may_be_tried_again(bench: Bench, send: Send) -> None:
    bench.close()

    answer = send("GET", "deliveries/")
    assert (503, "5") == (answer.status_code, answer.headers["Retry-After"])
    bench.open()
