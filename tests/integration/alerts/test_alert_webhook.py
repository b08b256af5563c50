"""``dpl_on_alert``: who is let in, what is refused, and what is committed."""

from __future__ import annotations

import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import requests
from alert_service import Service, alert_service
from alert_world import PATIENCE, SECRET, notification, send

from functions.alerts.authentication import sign
from functions.alerts.incidents import ALERT_STATES, INCIDENTS
from functions.errors import StoreUnavailable
from functions.pipeline import ON_ALERT
from functions.runtime.outbox import OUTBOX
from functions.runtime.receipts import RECEIPTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOTHING = (0, 0, 0)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with alert_service(tmp_path) as running:
        yield running


def kept(service: Service) -> tuple[int, int, int]:
    return tuple(service.runtime.store.count(each) for each in (INCIDENTS, OUTBOX, RECEIPTS))  # type: ignore[return-value]


def post(service: Service, body: bytes, **headers: str) -> requests.Response:
    url = f"{service.url}/{ON_ALERT.function}?key={SECRET}"
    content_type = {"Content-Type": "application/json"} | headers
    return requests.post(url, data=body, headers=content_type, timeout=PATIENCE)


def test_a_run_is_committed_with_the_task_that_tells_slack_before_the_answer(
    service: Service,
) -> None:
    answer = send(service.url, notification("Spike", "1"))

    assert (202, "recorded") == (answer.status_code, answer.text)
    [incident] = service.documents(INCIDENTS)
    [task] = service.documents(OUTBOX)
    [receipt] = service.documents(RECEIPTS)
    assert ("Spike", None, 1) == (incident["title"], incident["resolved_at"], incident["runs"])
    assert "post_incident" == task["stage"]
    assert ("on_alert", ["post_incident"]) == (receipt["stage"], list(receipt["sent"].values()))


def test_a_run_that_is_told_twice_has_no_second_effect(service: Service) -> None:
    send(service.url, notification("Spike", "1"))
    before = (kept(service), service.documents(INCIDENTS))

    answer = send(service.url, notification("Spike", "1"))

    assert (202, "recorded before") == (answer.status_code, answer.text)
    assert before == (kept(service), service.documents(INCIDENTS))


def test_runs_that_come_at_the_same_time_are_all_in_one_incident(service: Service) -> None:
    def tell(number: int) -> int:
        body = notification("Spike", str(number), minute=number, had_matches=True)
        return send(service.url, body).status_code

    with ThreadPoolExecutor(8) as pool:
        assert [202] * 8 == list(pool.map(tell, range(8)))

    [incident] = service.documents(INCIDENTS)
    assert 8 == incident["runs"]
    assert [str(number) for number in range(8)] == [each["run_id"] for each in incident["events"]]


def test_clear_without_an_incident_is_recorded_and_tells_nobody(service: Service) -> None:
    answer = send(service.url, notification("Calm", "1", has_matches=False))

    assert 202 == answer.status_code
    assert (0, 0, 1) == kept(service)
    [state] = service.documents(ALERT_STATES)
    assert state["incident_id"] is None


@pytest.mark.parametrize("key", ["", "wrong", SECRET[:-1], SECRET + "x", "\u00e9" * 16, "\x00"])
def test_a_wrong_key_is_refused_and_nothing_is_written(service: Service, key: str) -> None:
    answer = send(service.url, notification("Spike", "1"), key=key)

    assert 401 == answer.status_code
    assert "give it in the URL, as ?key=, or sign the body" in answer.text
    assert NOTHING == kept(service)


@pytest.mark.parametrize(
    ("shift", "tampered", "status"),
    [(0, False, 202), (-240, False, 202), (-400, False, 401), (400, False, 401), (0, True, 401)],
)
def test_a_signature_is_taken_for_five_minutes_and_for_its_body_only(
    service: Service, shift: int, status: int, *, tampered: bool
) -> None:
    body = json.dumps(notification("Spike", "1")).encode()
    stamp = str(int(time.time()) + shift)
    headers = {
        "Content-Type": "application/json",
        "X-Mystage-Timestamp": stamp,
        "X-Mystage-Signature": sign(SECRET, stamp, body),
    }

    answer = requests.post(
        f"{service.url}/dpl_on_alert",
        data=body + b" " * tampered,
        headers=headers,
        timeout=PATIENCE,
    )

    assert status == answer.status_code, answer.text


def test_a_wrong_signature_is_not_made_up_for_by_the_key(service: Service) -> None:
    stamp = str(int(time.time()))
    headers = {"X-Mystage-Timestamp": stamp, "X-Mystage-Signature": "sha256=00"}

    assert 401 == post(service, b"{}", **headers).status_code


@pytest.mark.parametrize("secret", ["", "too short"])
def test_without_a_secret_nothing_is_taken_and_the_answer_says_what_to_set(
    tmp_path: Path, secret: str
) -> None:
    with alert_service(tmp_path, alert_webhook_secret=secret) as service:
        answer = send(service.url, notification("Spike", "1"), key=secret)

        assert 503 == answer.status_code
        assert "set MYSTAGE_ALERT_WEBHOOK_SECRET, of 16 characters or more" in answer.text
        assert NOTHING == kept(service)


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"", 422, "Invalid JSON"),
        (b"{", 422, "Invalid JSON"),
        (b"[]", 422, "an object"),
        (b"[" * 100_000, 422, "recursion limit"),
        (b'{"alert_id": "\\ud800", "has_matches": true}', 422, "Invalid JSON"),
        (b"\xff\xfe", 422, "Invalid JSON"),
        (b'{"has_matches": true}', 422, "neither alert_id nor alert_name"),
        (b'{"alert_id": "a"}', 422, "neither has_matches nor result"),
        (b'{"alert_id": "' + b"x" * 1_100_000 + b'"}', 413, "at most 1048576 bytes"),
    ],
)
def test_what_is_no_notification_is_refused_with_the_reason(
    service: Service, body: bytes, status: int, told: str
) -> None:
    answer = post(service, body)

    assert status == answer.status_code
    assert told in answer.text
    assert NOTHING == kept(service)


def test_another_type_of_content_is_refused(service: Service) -> None:
    answer = post(service, b"alert_id=a", **{"Content-Type": "application/x-www-form-urlencoded"})

    assert (415, "send the notification as application/json") == (answer.status_code, answer.text)


def test_another_method_is_refused(service: Service) -> None:
    assert 405 == requests.get(f"{service.url}/dpl_on_alert", timeout=PATIENCE).status_code


HOSTILE: list[dict[str, Any]] = [
    {"alert_id": 17, "alert_name": None, "alert_description": {"a": 1}},
    {"result": [{"__x__": 1, "": 2, "a.b/c": [[1]], "n": 10**30, "t": "\x00\u202e"}] * 500},
    {"result": [{f"c{number}": "x" * 5_000 for number in range(50)}] * 3},
    {"result": "none", "result_length": -1, "run_id": ["1"], "evaluated_at": "yesterday"},
    {"evaluated_at": 1e300, "result": [1, None, {"a": None}], "has_matches": "yes"},
    {"evaluated_at": "9999-12-31T23:59:59+00:00", "project_name": 5, "unknown": {"x": []}},
    {"alert_id": "/../", "alert_name": "a/b" * 1_000, "run_id": "../..", "had_matches": 1},
]


@pytest.mark.parametrize("fields", HOSTILE)
def test_odd_fields_are_left_out_and_the_run_is_recorded(
    service: Service, fields: dict[str, Any]
) -> None:
    answer = send(service.url, notification("Odd", "1") | fields)

    assert (202, (1, 1, 1)) == (answer.status_code, kept(service)), answer.text


def test_a_store_that_is_away_asks_the_caller_to_come_again_and_says_no_more(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_writes: object) -> None:
        raise StoreUnavailable("/secret/place is away")

    monkeypatch.setattr(service.runtime.store, "commit", fail)
    answer = send(service.url, notification("Spike", "1"))
    assert (503, "this cannot be taken now: send it again") == (answer.status_code, answer.text)

    monkeypatch.undo()
    assert 202 == send(service.url, notification("Spike", "1")).status_code
    assert (1, 1, 1) == kept(service)


def test_the_key_is_in_no_log_no_answer_and_no_document(
    service: Service, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [send(service.url, notification("Spike", "1"))]
    answers.append(post(service, b"{"))
    monkeypatch.setattr(service.runtime.store, "commit", None)
    answers.append(send(service.url, notification("Spike", "2")))
    monkeypatch.undo()

    assert [202, 422, 503] == [answer.status_code for answer in answers]
    assert "on_alert: a call failed" in caplog.text
    told = [*(answer.text for answer in answers), *map(str, caplog.records), caplog.text]
    documents = [service.documents(each) for each in (INCIDENTS, OUTBOX, RECEIPTS, ALERT_STATES)]
    assert SECRET not in repr(documents)
    assert not [text for text in told if SECRET in text]
    assert SECRET not in repr(service.runtime.settings)
