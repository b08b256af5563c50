"""Everything up on one machine: what breaks is seen, and told."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

import httpx
import pytest
from commands import mystage

from functions.embedded.assembly import DOCUMENTS_FILE
from functions.runtime.store.sqlite import SqliteStore
from functions.stages.collections import SCRAPES
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
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve a site, and give its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


class Hanging(BaseHTTPRequestHandler):
    """Answer with a page once the site is released."""

    site: ClassVar[HangingSite]

    def do_GET(self) -> None:
        self.site.asked.set()
        self.site.release.wait(_PATIENCE)
        with contextlib.suppress(ConnectionError):  # who asked does not wait any more
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<h1>At last</h1>")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class HangingSite:
    """Hold a site that does not answer: whether it was asked, and what lets it answer."""

    url: str = ""
    asked: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)


@contextmanager
def hanging_site() -> Iterator[HangingSite]:
    site = HangingSite()
    handler = type("Handler", (Hanging,), {"site": site})
    with serving(handler) as url:
        site.url = url
        yield site
        site.release.set()


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
    with serving(Failing) as site:
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


def test_every_page_of_the_navigation_is_there(tmp_path: Path) -> None:
    with everything(tmp_path / "data") as up, httpx.Client(base_url=up.address) as client:
        sections = re.findall(r'<a href="(/[a-z]+)"', client.get("/").text)
        answered = {section: client.get(section).status_code for section in sections}
        assert dict.fromkeys(sections, 200) == answered
        assert {"/dashboards", "/alerts", "/items", "/sources", "/queues", "/slack"} <= {*sections}


def test_a_second_one_says_what_keeps_it_from_coming_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MYSTAGE_LOCK_PATIENCE", "0")
    data = tmp_path / "data"
    with everything(data) as up:
        port = up.address.rpartition(":")[2]
        same_port = mystage("up", "--port", port, "--data", tmp_path / "other")
        same_data = mystage("up", "--port", "0", "--data", data)
    (tmp_path / "file").touch()
    no_folder = mystage("up", "--port", "0", "--data", tmp_path / "file" / "data")

    ended = (same_port, same_data, no_folder)
    assert [(69, "")] * 3 == [(each.code, each.stdout) for each in ended]
    assert f"Port {port} of 127.0.0.1 cannot be listened on" in same_port.stderr
    assert "or --port 0 to have a free one picked" in same_port.stderr
    assert f"{data} is in use by another mystage run or mystage up" in same_data.stderr
    assert "cannot be used: Not a directory. Name another folder" in no_folder.stderr
    assert ["Error:"] * 3 == [each.stderr.split()[0] for each in ended]


def test_what_was_asked_for_while_a_run_is_under_way_survives_the_end(tmp_path: Path) -> None:
    data, late = tmp_path / "data", tmp_path / "late.html"
    late.write_text("<h1>Late</h1>")
    with hanging_site() as site:
        with everything(data, site.url) as up, httpx.Client(base_url=up.address) as client:
            assert site.asked.wait(_PATIENCE)
            asked = client.post("/sources", data={"sources": str(late)})
            assert (303, "/sources?started=1") == (asked.status_code, asked.headers["location"])
            assert "1 source waits for the next run" in client.get("/sources").text
            assert 0 == up.stop()
            # The fetch that was under way is no error: it is made again.
            assert [] == [word for word in ("Traceback", "ERROR") if word in up.log]
        site.release.set()
        with everything(data) as up, httpx.Client(base_url=up.address) as client:
            wait_for(client, "/sources", "finished")
    with contextlib.closing(SqliteStore(data / DOCUMENTS_FILE)) as store:
        assert 2 == store.count(SCRAPES)


@pytest.mark.parametrize(
    ("module", "named"),
    [
        ("telemetry.cli.emulate", "the Logfire emulator ended with -9"),
        ("functions.emulator", "the Cloud Tasks emulator ended with -9"),
        ("functions.embedded.worker", "the workers ended with -9"),
    ],
)
def test_what_dies_beneath_it_is_named_and_comes_up_again(
    tmp_path: Path, module: str, named: str
) -> None:
    data = tmp_path / "data"
    with everything(data) as up:
        os.kill(find_child(up.pid, module), signal.SIGKILL)
        deadline = time.monotonic() + _PATIENCE
        while up.poll() is None:
            assert time.monotonic() < deadline, up.log
            time.sleep(0.1)
        assert 69 == up.stop()
        assert f"{named}. Nothing is lost: the next" in up.log

    with everything(data) as up, httpx.Client(base_url=up.address) as client:
        assert 200 == client.get("/sources").status_code


def find_child(parent: int, module: str) -> int:
    """Return the id of the process that runs a module for another one."""
    command = ["ps", "-eo", "pid=,ppid=,args="]
    listed = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = (line.split(maxsplit=2) for line in listed.stdout.splitlines())
    (found,) = [
        int(pid) for pid, above, args in rows if int(above) == parent and f"-m {module} " in args
    ]
    return found
