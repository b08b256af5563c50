from __future__ import annotations

import gzip
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from functions.errors import PermanentError, RetryableError
from functions.stages.fetching import (
    Fetched,
    FetchPolicy,
    NotModified,
    Validators,
    close_connections,
    fetch,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import RawServer, Visit

    Serve = Callable[..., RawServer]

_PAGE = b"<title>Events</title>"
_CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"7;x=y\r\n<title>\r\ne\r\nEvents</title>\r\n0\r\nX-Trailer: 1\r\n\r\n"
)


def _answer(body: bytes = _PAGE, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    lines = (b"HTTP/1.1 " + status, *headers, b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def _redirect(location: str, status: bytes = b"302 Found") -> bytes:
    return _answer(b"", b"Location: " + location.encode(), status=status)


def _keep_answering(answer: bytes) -> Callable[[Visit], None]:
    def script(visit: Visit) -> None:
        while visit.read_request():
            visit.send(answer)

    return script


def test_a_page_is_fetched(serve: Serve, local: FetchPolicy) -> None:
    before = datetime.now(UTC)
    server = serve(
        _answer(
            _PAGE,
            b"Content-Type: text/html; charset=iso-8859-1",
            b'ETag: W/"1"',
            b"Last-Modified: Mon, 23 Nov 2026 12:00:00 GMT",
        )
    )

    fetched = fetch(server.url, policy=local)

    assert isinstance(fetched, Fetched)
    assert before <= fetched.fetched_at <= datetime.now(UTC)
    assert (
        Fetched(
            url=server.url,
            status=200,
            content_type="text/html; charset=iso-8859-1",
            body=_PAGE,
            validators=Validators(server.url, 'W/"1"', "Mon, 23 Nov 2026 12:00:00 GMT"),
            fetched_at=fetched.fetched_at,
        )
        == fetched
    )


def test_the_request_says_who_asks_and_for_what(serve: Serve) -> None:
    server = serve(_answer())

    fetch(
        f"{server.url}a?b=c#d",
        policy=FetchPolicy(allow_private_addresses=True, user_agent="mystage/9 (+https://x.test)"),
    )

    line, *headers = server.requests[0].decode().splitlines()
    assert "GET /a?b=c HTTP/1.1" == line
    assert f"Host: 127.0.0.1:{server.port}" in headers
    assert "User-Agent: mystage/9 (+https://x.test)" in headers
    assert "Accept-Encoding: gzip, deflate" in headers
    assert any(header.startswith("Accept: text/html,") for header in headers)
    assert not any(header.startswith(("Cookie", "Authorization", "If-")) for header in headers)


_WAYS = {
    "empty": (_answer(b""), b""),
    "touched up by a proxy": (_answer(status=b"203 Transformed"), _PAGE),
    "empty, said otherwise": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    "ended by the connection": (b"HTTP/1.0 200 OK\r\n\r\n" + _PAGE, _PAGE),
    "gzip": (_answer(gzip.compress(_PAGE), b"Content-Encoding: gzip"), _PAGE),
    "x-gzip": (_answer(gzip.compress(_PAGE), b"Content-Encoding: X-GZIP"), _PAGE),
    "deflate": (_answer(zlib.compress(_PAGE), b"Content-Encoding: deflate"), _PAGE),
    "identity": (_answer(_PAGE, b"Content-Encoding: identity"), _PAGE),
    "gzip of nothing": (_answer(b"", b"Content-Encoding: gzip"), b""),
    "chunked, with an extension and a trailer": (_CHUNKED, _PAGE),
    "after a superfluous 100": (b"HTTP/1.1 100 Continue\r\n\r\n" + _answer(), _PAGE),
}


@pytest.mark.parametrize(("answer", "body"), _WAYS.values(), ids=_WAYS.keys())
def test_every_way_to_send_a_page_is_understood(
    serve: Serve, local: FetchPolicy, answer: bytes, body: bytes
) -> None:
    fetched = fetch(serve(answer).url, policy=local)

    assert isinstance(fetched, Fetched)
    assert body == fetched.body


@pytest.mark.parametrize(
    ("header", "content_type"),
    [
        (b"Content-Type: text/html;charset=x", "text/html;charset=x"),  # as it came
        (b"Content-Type: " + b"a" * 999, "a" * 200),  # nobody needs more
        (b"Content-Type: text/\xff", None),  # no header text
        (b"Content-Type: a\x00b", None),  # no text at all
        (b"Content-Type:", None),  # nothing
        (b"X: y", None),  # absent
    ],
)
def test_the_content_type_is_printable_or_absent(
    serve: Serve, local: FetchPolicy, header: bytes, content_type: str | None
) -> None:
    fetched = fetch(serve(_answer(_PAGE, header)).url, policy=local)

    assert isinstance(fetched, Fetched)
    assert content_type == fetched.content_type


def test_a_connection_is_kept_and_used_again(serve: Serve, local: FetchPolicy) -> None:
    server = serve(_keep_answering(_answer()))

    for _ in range(5):
        fetch(server.url, policy=local)

    assert (5, 1) == (len(server.requests), server.connections)


def test_not_modified_gives_the_connection_back(serve: Serve, local: FetchPolicy) -> None:
    server = serve(_keep_answering(b"HTTP/1.1 304 Not Modified\r\n\r\n"))

    for _ in range(5):
        fetch(server.url, policy=local, validators=Validators(server.url, '"1"'))

    assert 1 == server.connections


def test_no_connection_outlives_being_closed(serve: Serve, local: FetchPolicy) -> None:
    left = threading.Event()

    def script(visit: Visit) -> None:
        while visit.read_request():
            visit.send(_answer())
        left.set()

    fetch(serve(script).url, policy=local)
    assert not left.is_set()

    close_connections()

    assert left.wait(5)


def test_a_kept_connection_the_server_closed_is_replaced(serve: Serve, local: FetchPolicy) -> None:
    def script(visit: Visit) -> None:
        if visit.read_request():
            visit.send(_answer())
        # The next request arrives, and only then the server hangs up.
        visit.read_request()

    server = serve(script)
    fetch(server.url, policy=local)

    fetched = fetch(server.url, policy=local)

    assert isinstance(fetched, Fetched)
    assert (3, 2) == (len(server.requests), server.connections)


def test_a_fresh_connection_that_breaks_is_not_replaced(serve: Serve, local: FetchPolicy) -> None:
    server = serve(lambda visit: visit.read_request())

    with pytest.raises(RetryableError, match="connection broke"):
        fetch(server.url, policy=local)

    assert 1 == server.connections


def test_many_threads_share_the_connections(serve: Serve, local: FetchPolicy) -> None:
    server = serve(_keep_answering(_answer()))
    with ThreadPoolExecutor(8) as threads:
        pages = list(threads.map(lambda _: fetch(server.url, policy=local), range(200)))

    assert {_PAGE} == {page.body for page in pages if isinstance(page, Fetched)}
    assert (200, 200) == (len(pages), len(server.requests))
    assert server.connections <= 8


def test_validators_make_the_request_conditional(serve: Serve, local: FetchPolicy) -> None:
    server = serve(b'HTTP/1.1 304 Not Modified\r\nETag: "2"\r\n\r\n')
    known = Validators(server.url, '"1"', "Mon, 23 Nov 2026 12:00:00 GMT")

    answer = fetch(server.url, policy=local, validators=known)

    assert isinstance(answer, NotModified)
    assert Validators(server.url, '"2"', "Mon, 23 Nov 2026 12:00:00 GMT") == answer.validators
    headers = server.requests[0].decode().splitlines()
    assert 'If-None-Match: "1"' in headers
    assert "If-Modified-Since: Mon, 23 Nov 2026 12:00:00 GMT" in headers


def test_validators_go_to_their_own_url_only(serve: Serve, local: FetchPolicy) -> None:
    page = serve(b"HTTP/1.1 304 Not Modified\r\n\r\n")
    moved = serve(_redirect(page.url))
    known = Validators(page.url, '"1"')

    answer = fetch(moved.url, policy=local, validators=known)

    assert isinstance(answer, NotModified)
    assert (page.url, (moved.url,), known) == (answer.url, answer.redirects, answer.validators)
    assert b"If-None-Match" not in moved.requests[0]
    assert b'If-None-Match: "1"' in page.requests[0]


def test_a_304_nobody_asked_for_is_tried_again(serve: Serve, local: FetchPolicy) -> None:
    server = serve(b"HTTP/1.1 304 Not Modified\r\n\r\n")
    elsewhere = Validators("http://example.com/", '"1"')

    with pytest.raises(RetryableError, match="304"):
        fetch(server.url, policy=local, validators=elsewhere)


def test_cookies_are_not_kept(serve: Serve, local: FetchPolicy) -> None:
    server = serve(_keep_answering(_answer(_PAGE, b"Set-Cookie: id=1; Path=/")))

    fetch(server.url, policy=local)
    fetch(server.url, policy=local)

    assert not any(b"Cookie" in request for request in server.requests)


def test_a_proxy_of_the_environment_is_ignored(
    serve: Serve, local: FetchPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, proxy = serve(_answer()), serve(_answer())
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)

    fetch(server.url, policy=local)

    assert (1, 0) == (server.connections, proxy.connections)


@pytest.mark.parametrize(
    "status", [206, 300, 305, 400, 401, 402, 403, 404, 405, 406, 410, 418, 451, 499, 600, 999]
)
def test_a_status_that_will_not_change_fails_for_good(
    serve: Serve, local: FetchPolicy, status: int
) -> None:
    server = serve(_answer(status=b"%d Whatever" % status))

    with pytest.raises(PermanentError, match=f"GET {server.url}: the server answered {status}"):
        fetch(server.url, policy=local)


@pytest.mark.parametrize(
    "status", [202, 408, 425, 429, 500, 501, 502, 503, 504, 507, 511, 520, 599]
)
def test_a_status_that_may_change_is_tried_again(
    serve: Serve, local: FetchPolicy, status: int
) -> None:
    server = serve(_answer(status=b"%d Whatever" % status))

    with pytest.raises(RetryableError, match=f"answered {status}") as failure:
        fetch(server.url, policy=local)

    assert failure.value.after is None


@pytest.mark.parametrize("status", [b"429 Slow Down", b"503 Busy"])
@pytest.mark.parametrize(
    ("retry_after", "after"),
    [
        ("7", timedelta(seconds=7)),  # as asked
        ("999999999999", timedelta(hours=1)),  # bounded
        ("Fri, 31 Dec 9999 23:59:59 GMT", timedelta(hours=1)),  # bounded
        ("Sat, 01 Jan 2000 00:00:00 GMT", timedelta(0)),  # long over
        ("after lunch", None),  # the queue's own back-off
    ],
)
def test_retry_after_is_honoured_within_bounds(
    serve: Serve, local: FetchPolicy, status: bytes, retry_after: str, after: timedelta | None
) -> None:
    server = serve(_answer(b"", b"Retry-After: " + retry_after.encode(), status=status))

    with pytest.raises(RetryableError) as failure:
        fetch(server.url, policy=local)

    assert after == failure.value.after
