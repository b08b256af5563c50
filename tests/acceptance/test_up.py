"""Everything up on one machine: what breaks is seen, and told."""

from __future__ import annotations

import re
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx

from telemetry.child import ServingProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = 8
ALERT = "Dead letter spike"
"""Fires at more than five tasks that failed for good."""

_PATIENCE = 90.0


class Failing(BaseHTTPRequestHandler):
    """Answer 500, whatever is asked for."""

    def do_GET(self) -> None:
        self.send_error(500)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def failing_site() -> Iterator[str]:
    """Serve a site that is down."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Failing)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def everything(data: Path, *arguments: str) -> ServingProcess:
    """Run ``mystage up``."""
    command = ["up", *arguments, "--port", "0", "--data", str(data), "--evaluate-every", "1s"]
    return ServingProcess("telemetry.cli", command, name="mystage up", patience=_PATIENCE)


def wait_for(client: httpx.Client, path: str, text: str) -> str:
    """Return a page once it says something; fails with what it said last."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        page = client.get(path)
        assert 200 == page.status_code, page.text
        if text in page.text:
            return page.text
        assert time.monotonic() < deadline, page.text
        time.sleep(0.2)


def test_a_site_that_answers_500_fires_the_alert_whose_message_is_in_the_inbox(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    with failing_site() as site:
        urls = [f"{site}/{number}" for number in range(PAGES)]
        with everything(data, *urls) as up, httpx.Client(base_url=up.address) as client:
            inbox = wait_for(client, "/slack", ALERT)
            alerts = wait_for(client, "/alerts?state=firing", ALERT)
            link = re.search(rf'href="(/alerts/[0-9a-f-]+)"[^>]*>\s*{ALERT}', alerts)
            assert link, alerts
            alert = client.get(link[1]).text
            failed = wait_for(client, "/sources", "500")
    assert "sourcing" in inbox  # the rows of the alert
    assert "delivered" in alert
    assert urls[0] in failed

    # What it was told stays, for whoever is up next.
    with everything(data) as up, httpx.Client(base_url=up.address) as client:
        assert ALERT in wait_for(client, "/slack", ALERT)


def test_what_is_up_says_what_keeps_another_from_coming_up(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with everything(data) as up, httpx.Client(base_url=up.address) as client:
        assert 200 == client.get("/").status_code
        for section in re.findall(r'<a href="(/[a-z]+)"', client.get("/").text):
            assert 200 == client.get(section).status_code, section
