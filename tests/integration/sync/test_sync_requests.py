from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from contract_server import PROJECT, Contract, Fault

from telemetry.errors import RequestRefused, ServiceUnreachable
from telemetry.sync import api as module
from telemetry.sync.api import Answer, Api
from telemetry.sync.waiting import Backoff

if TYPE_CHECKING:
    from collections.abc import Iterator

ALERTS = f"/api/v1/projects/{PROJECT}/alerts/"
ALERT = {"name": "a", "query": "SELECT 1"}


@pytest.fixture
def client(server: Contract) -> Iterator[Api]:
    with Api(server.url, "key-of-somebody", limits=(), sleep=lambda _: None, direct=True) as api:
        yield api


def test_an_answer_that_is_too_large_is_refused(
    client: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_BYTES", 10)
    with pytest.raises(ServiceUnreachable, match="answers with more than"):
        client.get("/api/v1/projects/")


def test_an_answer_that_drips_is_given_up(client: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ANSWER_SECONDS", -1.0)
    with pytest.raises(ServiceUnreachable, match=r"5 times, .*its answer takes more than"):
        client.get("/api/v1/projects/")


def test_who_finds_what_an_attempt_has_made_creates_no_second(
    client: Api, server: Contract
) -> None:
    server.faults.append(Fault("POST", "/alerts/", status=504, work=True))
    found = client.create(ALERTS, ALERT, lambda: "found")
    assert ("found", 1) == (found, len(server.objects["alerts"]))


def test_who_finds_nothing_creates_again(client: Api, server: Contract) -> None:
    server.faults.append(Fault("POST", "/alerts/"))
    made = client.create(ALERTS, ALERT, lambda: None)
    assert isinstance(made, Answer)
    assert (201, 1) == (made.status, len(server.objects["alerts"]))


def test_who_was_told_to_come_later_need_not_look(client: Api, server: Contract) -> None:
    server.faults.append(Fault("POST", "/alerts/", status=429))
    looked: list[None] = []
    client.create(ALERTS, ALERT, lambda: looked.append(None))
    assert [] == looked


def test_a_conflict_with_nothing_there_is_told(client: Api, server: Contract) -> None:
    server.faults.append(Fault("POST", "/alerts/", status=409))
    with pytest.raises(RequestRefused, match="HTTP 409"):
        client.create(ALERTS, ALERT, lambda: None)


def test_a_delete_that_an_attempt_before_has_done_is_done(client: Api, server: Contract) -> None:
    client.create(ALERTS, ALERT, lambda: None)
    server.faults.append(Fault("DELETE", "/alerts/", work=True))
    client.change("DELETE", f"{ALERTS}{server.only('alerts')['id']}/")
    assert {} == server.objects["alerts"]


def test_a_key_that_the_server_repeats_is_not_told(client: Api, server: Contract) -> None:
    server.faults.append(Fault("GET", "/", status=400, body='{"detail": "bad key-of-somebody"}'))
    with pytest.raises(RequestRefused, match=r"bad \*\*\*"):
        client.get("/api/v1/projects/")


def test_whoever_waits_for_a_better_moment_is_let_go_at_the_end(server: Contract) -> None:
    server.faults.append(Fault("GET", "/", status=503, headers={"Retry-After": "100"}, times=9))
    told: list[BaseException] = []
    api = Api(server.url, "k", limits=(), backoff=Backoff(), direct=True)

    def ask() -> None:
        try:
            api.get("/api/v1/projects/")
        except ServiceUnreachable as error:
            told.append(error)

    thread = threading.Thread(target=ask)
    with api:
        thread.start()
    thread.join(10)
    assert 1 == len(told)
