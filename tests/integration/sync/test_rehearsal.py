"""Definitions that are tried out on this machine: what alerts tell stays on it, and arrives."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from telemetry.child import ServingProcess
from telemetry.definitions import load_definitions, load_names
from telemetry.sync.rehearsal import rehearse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHANNELS = """\
kind: Channel
label: on call/#1
config: {type: webhook, format: slack-blockkit, url: "${HOOK}"}
---
kind: Channel
label: pipeline
config: {type: webhook, format: raw-data, url: "${OTHER_HOOK}"}
---
kind: Alert
name: Always
description: It always has a row.
sql: SELECT 1 AS n
window: 5m
every: 5m
notify_when: has_matches
channels: [{channel: on call/#1}, {channel: pipeline}]
"""
RECEIVER, SLACK = "/dpl_on_alert", "/slack"


@contextmanager
def receiving() -> Iterator[tuple[str, SimpleQueue[str]]]:
    """Give the address of a server, and the paths that are posted to."""
    posted: SimpleQueue[str] = SimpleQueue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            posted.put(urlsplit(self.path).path)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", posted
    server.shutdown()
    server.server_close()
    thread.join()


def run_alert(emulator: str) -> None:
    headers = {"Authorization": "Bearer any"}
    (alert,) = requests.get(f"{emulator}/emulator/v1/alerts/", headers=headers, timeout=10).json()
    url = f"{emulator}/emulator/v1/alerts/{alert['id']}/run/"
    requests.post(url, headers=headers, timeout=10).raise_for_status()


def test_what_alerts_tell_arrives_again_after_the_emulator_was_started_again(
    tmp_path: Path,
) -> None:
    (tmp_path / "alerts.yaml").write_text(CHANNELS)
    definitions = load_definitions([tmp_path / "alerts.yaml"], load_names()).check()
    arguments = ["--data", str(tmp_path / "data"), "--no-alerts"]
    arrived = []
    with receiving() as (url, posted):
        for _ in range(2):
            with ServingProcess("telemetry.cli.emulate", arguments, name="emulator") as emulator:
                outcome = rehearse(
                    definitions, emulator.address, receiver=url + RECEIVER, slack=url + SLACK
                )
                assert [] == list(outcome.failures)
                run_alert(emulator.address)
                arrived.append(sorted([posted.get(timeout=30), posted.get(timeout=30)]))

    assert [[RECEIVER, f"{SLACK}/on%20call%2F%231"]] * 2 == arrived
