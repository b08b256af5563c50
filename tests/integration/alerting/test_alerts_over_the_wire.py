"""`mystage emulate logfire` with alerts: Logfire's SDK sends, a receiver of webhooks is told."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from alert_receiver import SECRET, Receiver, receiving

from telemetry.child import ServingProcess

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = """
import logfire

logfire.configure(service_name="shop", environment="testing", inspect_arguments=False)
try:
    with logfire.span("refund"):
        raise ValueError("no such order")
except ValueError:
    pass
assert logfire.force_flush(10_000)
"""
PATIENCE = 60
"""Seconds in which what must happen has happened."""

BUSY_SECONDS = 4.0
"""More than starting takes."""


def start(data: Path, *options: str) -> ServingProcess:
    return ServingProcess(
        "telemetry.cli.emulate", ["--data", str(data), *options], name="Logfire emulator"
    )


class Emulator:
    """Call an emulator's APIs."""

    def __init__(self, address: str) -> None:
        self.client = httpx.Client(
            base_url=address, headers={"Authorization": "Bearer any"}, timeout=60
        )

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.client.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def prepare(self, url: str) -> tuple[str, str]:
        """Make a channel, and an alert of errors that is told to it; return their UUIDs."""
        config = {"type": "webhook", "format": "raw-data", "url": url}
        channel = self.call("POST", "/api/v1/channels/", {"label": "hook", "config": config})["id"]
        [project] = self.call("GET", "/api/v1/projects/")
        alert = {
            "name": "Errors",
            "query": "SELECT span_name, exception_type FROM records WHERE is_exception",
            "time_window": "P7D",
            "frequency": "PT24H",
            "watermark": "PT1H",
            "environments": ["testing"],
            "notify_when": "starts_having_matches",
            "channel_assignments": [{"channel_id": channel}],
        }
        path = f"/api/v1/projects/{project['id']}/alerts/"
        return channel, self.call("POST", path, alert)["id"]

    def deliveries(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.call("GET", "/emulator/v1/deliveries/")
        return listed


def send_an_error(address: str) -> None:
    # In a test, the SDK would send nothing.
    environment = {key: value for key, value in os.environ.items() if key != "PYTEST_VERSION"}
    environment |= {"LOGFIRE_BASE_URL": address, "LOGFIRE_TOKEN": "any"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert 0 == done.returncode, done.stderr


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it has not come to that"
        time.sleep(0.02)


def files_with_the_secret(data: Path) -> list[Path]:
    files = [path for path in data.rglob("*") if path.is_file()]
    assert any(path.name.startswith("alerts.db") for path in files)
    return [path for path in files if SECRET.encode() in path.read_bytes()]


def test_an_error_that_is_sent_is_told_although_the_receiver_fails_at_first(
    tmp_path: Path, receiver: Receiver
) -> None:
    # A header that is none makes urllib3 warn, with the address.
    receiver.plan(500, body=f"cannot take {SECRET}", **{"Not a header": "x"})
    with start(tmp_path, "--evaluate-every", "1s") as process:
        emulator = Emulator(process.address)
        _, alert = emulator.prepare(receiver.url)
        wait_for(lambda: emulator.call("GET", f"/emulator/v1/alerts/{alert}/runs/"))
        send_an_error(process.address)
        wait_for(lambda: [each["state"] for each in emulator.deliveries()] == ["delivered"])

        [delivery] = emulator.deliveries()
        assert [500, 200] == [attempt["status"] for attempt in delivery["attempts"]]
        assert receiver.bodies == [delivery["body"]] * 2
        assert [{"span_name": "refund", "exception_type": "ValueError"}] == (
            delivery["body"]["result"]
        )
        [standing] = emulator.call("GET", "/emulator/v1/alerts/")
        assert (alert, "firing") == (standing["id"], standing["state"])
        told = [
            *(emulator.client.get(path).text for path in ("/emulator/v1/deliveries/",)),
            emulator.client.get("/api/v1/channels/").text,
            emulator.client.get(f"/emulator/v1/alerts/{alert}/runs/").text,
        ]
        assert [] == [text for text in told if SECRET in text]
        emulator.client.close()
        assert 0 == process.stop()
        assert SECRET not in process.log
    assert [] == files_with_the_secret(tmp_path)


def test_a_message_under_way_when_the_emulator_is_killed_is_sent_by_the_next(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.open.clear()  # it takes the message, and does not answer
    with start(tmp_path, "--evaluate-every", "1s") as process:
        emulator = Emulator(process.address)
        channel, alert = emulator.prepare(receiver.url)
        send_an_error(process.address)
        assert receiver.arrived.acquire(timeout=PATIENCE)
        emulator.client.close()
        process.kill()
    assert [] == files_with_the_secret(tmp_path)

    receiver.open.set()
    with start(tmp_path, "--no-alerts") as process:
        emulator = Emulator(process.address)
        [waiting] = emulator.deliveries()
        assert ("pending", [], receiver.bodies[0]) == (
            waiting["state"],
            waiting["attempts"],
            waiting["body"],
        )
        wait_for(lambda: "write the channel again" in str(emulator.deliveries()[0]["reason"]))
        config = {"type": "webhook", "format": "raw-data", "url": receiver.url}
        emulator.call("PUT", f"/api/v1/channels/{channel}/", {"config": config})
        wait_for(lambda: emulator.deliveries()[0]["state"] == "delivered")
        emulator.client.close()
    assert 2 == len(receiver.bodies)
    assert receiver.bodies[0] == receiver.bodies[1]
    assert alert == receiver.bodies[0]["alert_id"]


def test_alerts_can_be_kept_from_running_by_themselves(tmp_path: Path, receiver: Receiver) -> None:
    with start(tmp_path, "--no-alerts", "--evaluate-every", "1s") as process:
        emulator = Emulator(process.address)
        _, alert = emulator.prepare(receiver.url)
        send_an_error(process.address)
        runs: list[Any] = []

        def run_it() -> bool:
            runs.insert(0, emulator.call("POST", f"/emulator/v1/alerts/{alert}/run/"))
            return runs[0]["state"] == "matches"

        wait_for(run_it)  # it waits a second for what is late
        wait_for(lambda: receiver.bodies)
        assert runs[:100] == emulator.call("GET", f"/emulator/v1/alerts/{alert}/runs/")
        assert emulator.call("GET", f"/emulator/v1/alerts/{alert}/")["next_run"] is None
        emulator.client.close()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
def test_a_run_under_way_does_not_keep_the_emulator_from_stopping(tmp_path: Path) -> None:
    with start(tmp_path, "--evaluate-every", "1s") as process, receiving() as receiver:
        emulator = Emulator(process.address)
        _, alert = emulator.prepare(receiver.url)
        [project] = emulator.call("GET", "/api/v1/projects/")
        endless = (
            "SELECT count(*) AS n FROM generate_series(1, 3000000) AS a(v)"
            " CROSS JOIN generate_series(1, 3000000) AS b(w) WHERE v + w < 0"
        )
        path = f"/api/v1/projects/{project['id']}/alerts/{alert}/"
        emulator.call("PUT", path, {"query": endless})
        before = len(emulator.call("GET", f"/emulator/v1/alerts/{alert}/runs/"))
        wait_for(lambda: is_running_a_query(process.pid))
        emulator.client.close()

        assert 0 == process.stop()
        assert "bug" not in process.log
    with start(tmp_path, "--no-alerts") as process:
        emulator = Emulator(process.address)
        runs = emulator.call("GET", f"/emulator/v1/alerts/{alert}/runs/")
        # One that was begun before the change may have ended after it was counted.
        assert len(runs) <= before + 1
        assert ["clear"] * len(runs) == [run["state"] for run in runs]
        emulator.client.close()


def is_running_a_query(pid: int) -> bool:
    """Say whether one of a process's children has worked for some seconds."""
    used = [0.0]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html, from the third field on
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                used.append(int(fields[11]) / os.sysconf("SC_CLK_TCK"))
    return max(used) >= BUSY_SECONDS


@pytest.mark.parametrize("every", ["soon", "0s", "2"])
def test_a_pace_that_is_none_is_told(every: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "telemetry.cli.emulate", "--evaluate-every", every],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert 0 != done.returncode
    assert "is no duration: write it as 30s" in done.stderr
