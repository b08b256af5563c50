from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from functions.demo.site import BAD_HABITS, BadHabit, DemoSite, Outcome
from functions.errors import HandlerError, PermanentError, RetryableError, SourceError
from functions.stages.fetching import Fetched, FetchPolicy, NotModified, fetch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """A folder of sample pages."""
    folder = tmp_path / "pages"
    (folder / "more").mkdir(parents=True)
    (folder / "concert.html").write_text("<title>Café</title>", "utf-8")
    (folder / "more" / "a ball.html").write_bytes(
        '<meta charset="iso-8859-1"><title>Café</title>'.encode("latin-1")
    )
    (folder / "old.html").write_bytes("<title>Café</title>".encode("latin-1"))
    (folder / "listing.jsonld").write_text("{}")
    return folder


@pytest.fixture
def site(pages: Path) -> Iterator[DemoSite]:
    """The site, running."""
    with DemoSite(pages) as site:
        yield site


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/concert.html", "text/html; charset=utf-8"),  # says nothing itself
        ("/more/a%20ball.html", "text/html"),  # says it itself
        ("/old.html", "text/html"),  # to be guessed
        ("/listing.jsonld", "application/ld+json; charset=utf-8"),  # no HTML
    ],
)
def test_pages_are_served_with_their_type(
    site: DemoSite, pages: Path, local: FetchPolicy, path: str, content_type: str
) -> None:
    fetched = fetch(site.url(path), policy=local)

    assert isinstance(fetched, Fetched)
    assert content_type == fetched.content_type
    assert (pages / path.replace("%20", " ").lstrip("/")).read_bytes() == fetched.body


def test_an_unchanged_page_is_not_sent_again(site: DemoSite, local: FetchPolicy) -> None:
    url = site.url("/concert.html")
    fetched = fetch(url, policy=local)

    by_etag = fetch(url, policy=local, validators=replace(fetched.validators, last_modified=None))
    by_date = fetch(url, policy=local, validators=replace(fetched.validators, etag=None))

    assert isinstance(by_etag, NotModified)
    assert isinstance(by_date, NotModified)
    assert [(200, False), (304, True), (304, True)] == [
        (request.status, request.is_conditional) for request in site.requests
    ]


def test_a_changed_page_is_sent_again(site: DemoSite, pages: Path, local: FetchPolicy) -> None:
    url = site.url("/concert.html")
    fetched = fetch(url, policy=local)
    (pages / "concert.html").write_text("<title>Cancelled</title>")
    os.utime(pages / "concert.html", (2_000_000_000, 2_000_000_000))

    by_etag = fetch(url, policy=local, validators=replace(fetched.validators, last_modified=None))
    by_date = fetch(url, policy=local, validators=replace(fetched.validators, etag=None))

    assert isinstance(by_etag, Fetched)
    assert isinstance(by_date, Fetched)
    assert b"<title>Cancelled</title>" == by_etag.body


@pytest.mark.parametrize("habit", BAD_HABITS, ids=lambda habit: habit.path)
def test_every_bad_habit_ends_as_declared(
    site: DemoSite, local: FetchPolicy, habit: BadHabit
) -> None:
    patience = 0.1 if habit.outcome is Outcome.NEVER_FETCHED else local.read_timeout
    policy = replace(local, read_timeout=patience)
    attempts: list[Fetched | NotModified | HandlerError] = []
    for _ in range(3):
        try:
            attempts.append(fetch(site.url(habit.path), policy=policy))
        except HandlerError as error:
            attempts.append(error)

    assert {
        Outcome.FETCHED: [Fetched, Fetched, Fetched],
        Outcome.FETCHED_LATER: [RetryableError, Fetched, Fetched],
        Outcome.GIVEN_UP: [PermanentError, PermanentError, PermanentError],
        Outcome.NEVER_FETCHED: [RetryableError, RetryableError, RetryableError],
    }[habit.outcome] == [type(attempt) for attempt in attempts]
    assert habit.description


def test_the_flaky_path_says_when_to_come_back(site: DemoSite, local: FetchPolicy) -> None:
    with pytest.raises(RetryableError) as failure:
        fetch(site.url("/flaky"), policy=local)

    assert failure.value.after is not None
    assert 1 == failure.value.after.total_seconds()


def test_the_urls_are_all_pages_and_habits(site: DemoSite) -> None:
    assert [
        site.url(path)
        for path in (
            *("/concert.html", "/listing.jsonld", "/more/a%20ball.html", "/old.html"),
            *("/gone", "/slow", "/loop-a", "/flaky", "/moved", "/huge"),
        )
    ] == site.urls


@pytest.mark.parametrize("path", ["/", "/nowhere", "/../pages/concert.html", "/more"])
def test_nothing_but_pages_and_habits_is_served(
    site: DemoSite, local: FetchPolicy, path: str
) -> None:
    with pytest.raises(PermanentError, match="404"):
        fetch(site.url(path.replace("..", "%252e%252e")), policy=local)


def test_the_site_stops_at_once_whatever_its_clients_do(pages: Path, local: FetchPolicy) -> None:
    before = set(threading.enumerate())
    with ExitStack() as clients:
        with DemoSite(pages) as site:
            for start in (b"GET /slow HTTP/1.1\r\n\r\n", b"GET /ha", b""):
                client = clients.enter_context(_connected(site))
                client.sendall(start)
            reader = clients.enter_context(_connected(site))
            reader.sendall(b"GET /huge HTTP/1.1\r\n\r\n")
            assert reader.recv(100).startswith(b"HTTP/1.1 200 OK")  # And reads no further.
            fetch(site.url("/concert.html"), policy=local)  # Keeps its connection.
            stopping = time.monotonic()
        assert time.monotonic() - stopping < 2

    assert set() == set(threading.enumerate()) - before


@pytest.mark.parametrize(
    "request_", [b"\x00\r\n\r\n", b"POST / HTTP/1.1\r\n\r\n", b"a b c d\r\n\r\n"]
)
def test_a_malformed_request_is_answered_and_logged(
    site: DemoSite, request_: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    with _connected(site) as client:
        client.sendall(request_)
        client.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: client.recv(65536), b""))

    assert answer
    assert site.requests[0].status in {400, 501}
    assert ("", "") == capsys.readouterr()


def test_awkward_file_names_are_served(tmp_path: Path, local: FetchPolicy) -> None:
    names = [os.fsdecode(name) for name in (b"\xff.html", "ä?(1)%41#.html".encode())]
    for name in names:
        (tmp_path / name).write_text("<title>Hi</title>")

    with DemoSite(tmp_path) as site:
        answers = [fetch(site.url(path), policy=local) for path in site.pages]

    assert [Fetched, Fetched] == [type(answer) for answer in answers]


def test_a_folder_without_pages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no pages"):
        DemoSite(tmp_path)


def _connected(site: DemoSite) -> socket.socket:
    parts = urlsplit(site.url("/"))
    return socket.create_connection((parts.hostname, parts.port))
