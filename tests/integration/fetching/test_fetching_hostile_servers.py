from __future__ import annotations

import gzip
import time
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from functions.errors import HandlerError, PermanentError, RetryableError
from functions.stages.fetching import Fetched, FetchPolicy, fetch

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import RawServer, Visit

    Serve = Callable[..., RawServer]

_OK = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
_GZIP = _OK + b"Content-Encoding: gzip\r\n"
_BLOCK = b"a" * 65536
_SECRET = "hunter2"
_MIB = 1024 * 1024


@pytest.fixture
def hasty(local: FetchPolicy) -> FetchPolicy:
    """A policy that waits for no silent server."""
    return replace(local, read_timeout=0.1)


@pytest.fixture
def hurried(local: FetchPolicy) -> FetchPolicy:
    """A policy with little time in total, whatever a server does with it."""
    return replace(local, total_timeout=0.2)


def _after_request(action: Callable[[Visit], None]) -> Callable[[Visit], None]:
    def script(visit: Visit) -> None:
        if visit.read_request():
            action(visit)

    return script


def _cases(name: str, cases: dict[str, object]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(name, cases.values(), ids=cases.keys())


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, 1)


@_cases(
    "action",
    {
        "not a word": lambda visit: visit.hold(),
        "half a status line": lambda visit: (visit.send(b"HTTP/1.1 200"), visit.hold()),
        "headers without an end": lambda visit: (visit.send(_OK), visit.hold()),
        "half a body": lambda visit: (
            visit.send(_OK + b"Content-Length: 9\r\n\r\npage"),
            visit.hold(),
        ),
        "no last chunk": lambda visit: (visit.send(_CHUNKED + b"4\r\npage\r\n"), visit.hold()),
    },
)
def test_a_server_that_falls_silent_is_tried_again(
    serve: Serve, hasty: FetchPolicy, action: Callable[[Visit], None]
) -> None:
    server = serve(_after_request(action))

    with pytest.raises(RetryableError, match=r"silent for too long \(.* 0\.1 s after\)"):
        fetch(server.url, policy=hasty)


@_cases(
    "action",
    {
        "a status line": lambda visit: visit.drip(b"HTTP/1.1 200 OK\r\n" * 99),
        "headers": lambda visit: (visit.send(_OK), visit.drip(b"X-Header: 1\r\n" * 99)),
        "a body": lambda visit: (visit.send(_OK, b"\r\n"), visit.drip(b"a" * 999)),
        "chunks": lambda visit: (visit.send(_CHUNKED), visit.drip(b"1\r\na\r\n" * 99)),
        "one chunk's size": lambda visit: (visit.send(_CHUNKED), visit.drip(b"0" * 999)),
        "trailers": lambda visit: (visit.send(_CHUNKED, b"0\r\n"), visit.drip(b"X: y\r\n" * 99)),
        "promises": lambda visit: visit.drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 99),
    },
)
def test_a_server_that_drips_is_left_when_the_total_time_is_over(
    serve: Serve, hurried: FetchPolicy, action: Callable[[Visit], None]
) -> None:
    server = serve(_after_request(action))
    start = time.monotonic()

    with pytest.raises(RetryableError, match=r"took longer than 0\.2 s in total"):
        fetch(server.url, policy=hurried)

    assert 0.2 <= time.monotonic() - start < 2


def test_redirects_share_the_total_time(serve: Serve, local: FetchPolicy) -> None:
    def script(visit: Visit) -> None:
        while visit.read_request():
            visit.server.over.wait(0.05)
            count = len(visit.server.requests)
            visit.send(b"HTTP/1.1 302 Found\r\nLocation: /%d\r\nContent-Length: 0\r\n\r\n" % count)

    server = serve(script)

    with pytest.raises(RetryableError, match="in total"):
        fetch(server.url, policy=replace(local, total_timeout=0.2, max_redirects=1000))


def test_a_body_of_exactly_the_limit_is_fetched(serve: Serve, local: FetchPolicy) -> None:
    server = serve(_OK + b"Content-Length: 1000\r\n\r\n" + b"a" * 1000)

    fetched = fetch(server.url, policy=replace(local, max_bytes=1000))

    assert isinstance(fetched, Fetched)
    assert 1000 == len(fetched.body)


@_cases(
    "answer",
    {
        "declared": _OK + b"Content-Length: 1001\r\n\r\n" + b"a" * 1001,
        "declared beyond all measure": _OK + b"Content-Length: 99999999999999999999\r\n\r\n",
        "not declared": _OK + b"\r\n" + b"a" * 1001,
        "in one chunk": _CHUNKED + b"3e9\r\n" + b"a" * 1001 + b"\r\n0\r\n\r\n",
        "in two chunks": _CHUNKED
        + b"1f5\r\n"
        + b"a" * 501
        + b"\r\n1f4\r\n"
        + b"a" * 500
        + b"\r\n0\r\n\r\n",
        "decoded": _GZIP + b"\r\n" + _gzip(b"a" * 1001),
    },
)
def test_a_body_above_the_limit_fails_for_good(
    serve: Serve, local: FetchPolicy, answer: bytes
) -> None:
    with pytest.raises(PermanentError, match="1000 bytes"):
        fetch(serve(answer).url, policy=replace(local, max_bytes=1000))


@_cases(
    "action",
    {
        "a body": lambda visit: (visit.send(_OK, b"\r\n"), visit.flood(_BLOCK)),
        "chunks": lambda visit: (visit.send(_CHUNKED), visit.flood(b"1\r\na\r\n" * 999)),
        "a chunk of -1": lambda visit: (visit.send(_CHUNKED, b"-1\r\n"), visit.flood(_BLOCK)),
        "trailers": lambda visit: (visit.send(_CHUNKED, b"0\r\n"), visit.flood(b"X: y\r\n" * 999)),
        "promises": lambda visit: visit.flood(b"HTTP/1.1 100 Continue\r\n\r\n" * 999),
    },
)
def test_an_endless_answer_is_cut_off(
    serve: Serve, local: FetchPolicy, action: Callable[[Visit], None]
) -> None:
    server = serve(_after_request(action))

    with pytest.raises(PermanentError, match="100000 bytes"):
        fetch(server.url, policy=local)


def test_a_decompression_bomb_fails_for_good(serve: Serve, local: FetchPolicy) -> None:
    bomb = _gzip(bytes(80 * _MIB))
    assert len(bomb) < _MIB
    server = serve(_GZIP + b"\r\n" + bomb)

    with pytest.raises(PermanentError, match="larger when decoded"):
        fetch(server.url, policy=replace(local, max_bytes=_MIB))


def test_the_body_of_a_redirect_is_not_read(serve: Serve, local: FetchPolicy) -> None:
    page = serve(_OK + b"Content-Length: 4\r\n\r\npage")
    start = serve(
        _after_request(
            lambda visit: (
                visit.send(b"HTTP/1.1 302 Found\r\nLocation: " + page.url.encode() + b"\r\n\r\n"),
                visit.flood(_BLOCK),
            )
        )
    )

    assert page.url == fetch(start.url, policy=local).url


def test_the_body_of_an_error_is_not_read(serve: Serve, local: FetchPolicy) -> None:
    server = serve(
        _after_request(
            lambda visit: (
                visit.send(b"HTTP/1.1 404 Not Found\r\n\r\n"),
                visit.flood(_BLOCK),
            )
        )
    )

    with pytest.raises(PermanentError, match="404"):
        fetch(server.url, policy=local)


@_cases(
    "script",
    {
        "fewer bytes than declared": _OK + b"Content-Length: 9\r\n\r\npage",
        "half a chunk": _CHUNKED + b"9\r\npage",
        "no last chunk": _CHUNKED + b"4\r\npage\r\n",
        "half a gzip stream": _GZIP + b"\r\n" + _gzip(b"a page")[:-3],
        "half a gzip stream, well framed": (
            _GZIP + b"Content-Length: 10\r\n\r\n" + _gzip(b"a page")[:10]
        ),
    },
)
def test_a_truncated_body_is_tried_again(serve: Serve, local: FetchPolicy, script: bytes) -> None:
    with pytest.raises(RetryableError, match="ends too early"):
        fetch(serve(script).url, policy=local)


@_cases(
    "action",
    {
        "closed without an answer": lambda visit: None,
        "reset without an answer": lambda visit: visit.reset(),
        "reset in the headers": lambda visit: (visit.send(_OK), visit.reset()),
        "reset in the body": lambda visit: (visit.send(_OK, b"\r\nHalf"), visit.reset()),
    },
)
def test_a_broken_connection_is_tried_again(
    serve: Serve, local: FetchPolicy, action: Callable[[Visit], None]
) -> None:
    with pytest.raises(RetryableError, match="connection broke"):
        fetch(serve(_after_request(action)).url, policy=local)


def test_a_connection_closed_before_the_request_is_tried_again(
    serve: Serve, local: FetchPolicy
) -> None:
    with pytest.raises(RetryableError, match="connection broke"):
        fetch(serve(lambda visit: None).url, policy=local)


@_cases(
    "answer",
    {
        "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "TLS where none should be": b"\x16\x03\x01\x02\x00\r\n\r\n",
        "no status": b"HTTP/1.1 abc OK\r\n\r\n",
        "no status either": b"HTTP/1.1 42 OK\r\n\r\n",
        "another version": b"HTTP/9 200 OK\r\n\r\n",
        "a header as long as a book": _OK + b"X: " + b"a" * 70_000 + b"\r\n\r\n",
        "as many headers as a book has pages": _OK + b"X: y\r\n" * 200 + b"\r\n",
        "two lengths": _OK + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\npages",
        "no chunk size": _CHUNKED + b"zz\r\npage\r\n",
        "a negative chunk size": _CHUNKED + b"-5\r\npage\r\n",
    },
)
def test_what_is_no_http_fails_for_good(serve: Serve, local: FetchPolicy, answer: bytes) -> None:
    with pytest.raises(PermanentError, match="does not speak proper HTTP"):
        fetch(serve(answer).url, policy=local)


@pytest.mark.parametrize(
    ("header", "body", "reason"),
    [
        (b"Content-Encoding: br", b"\x0b\x02\x80page\x03", "not asked for"),  # Brotli
        (b"Content-Encoding: zstd", b"\x28\xb5\x2f\xfd", "not asked for"),  # Zstandard
        (b"Content-Encoding: gzip, gzip", b"", "not asked for"),  # twice
        (b"Content-Encoding: gzip, deflate", b"page", "not asked for"),  # both
        (b"Content-Encoding: \xff", b"page", "not asked for"),  # nonsense
        (b"Transfer-Encoding: gzip, chunked", b"0\r\n\r\n", "not asked for"),  # below the body
        (b"Content-Encoding: gzip", b"<title>no gzip</title>", "but is not"),  # a lie
        (b"Content-Encoding: deflate", b"<title>no deflate</title>", "but is not"),  # a lie
    ],
)
def test_a_bad_encoding_fails_for_good(
    serve: Serve, local: FetchPolicy, header: bytes, body: bytes, reason: str
) -> None:
    server = serve(_OK + header + b"\r\nConnection: close\r\n\r\n" + body)

    with pytest.raises(PermanentError, match=reason):
        fetch(server.url, policy=local)


@_cases(
    "answer",
    {
        "no answer": b"",
        "a status": b"HTTP/1.1 404 Not Found\r\n\r\n",
        "a redirect": b"HTTP/1.1 302 Found\r\nLocation: ftp://me:hunter2@h/?token=hunter2\r\n\r\n",
        "no HTTP": b"garbage\r\n\r\n",
        "truncated": _OK + b"Content-Length: 9\r\n\r\npage",
        "too large": _OK + b"Content-Length: 999999999\r\n\r\npage",
    },
)
def test_no_secret_gets_into_a_message_or_traceback(
    serve: Serve, local: FetchPolicy, answer: bytes
) -> None:
    server = serve(answer)

    with pytest.raises(HandlerError) as failure:
        fetch(f"{server.url}?token={_SECRET}", policy=local)

    assert "token=REDACTED" in str(failure.value)
    assert _SECRET not in "".join(traceback.format_exception(failure.value))


def test_what_the_caller_was_handling_does_not_blur_the_verdict(
    serve: Serve, local: FetchPolicy
) -> None:
    server = serve(b"garbage\r\n\r\n")

    try:
        raise TimeoutError  # noqa: TRY301 - what matters is that it is being handled
    except TimeoutError:
        with pytest.raises(PermanentError, match="does not speak proper HTTP"):
            fetch(server.url, policy=local)
