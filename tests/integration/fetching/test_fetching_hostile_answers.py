from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from functions.errors import HandlerError
from functions.stages.fetching import Fetched, FetchPolicy, NotModified, fetch

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import RawServer

    Serve = Callable[..., RawServer]

_OK = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def server(serve: Serve) -> RawServer:
    """A server whose script changes from one example to the next."""
    return serve(b"")


_NUMBERS = st.integers(-2, 2000).map(str) | st.text("0123456789abcdefxX-_+ ;,", max_size=8)
_HEADERS = st.lists(
    st.builds(
        "{}: {}\r\n".format,
        st.sampled_from(
            (
                *("Content-Length", "Transfer-Encoding", "Content-Encoding", "Content-Type"),
                *("ETag", "Last-Modified", "Set-Cookie", "Connection", "Retry-After", "X"),
            )
        ),
        _NUMBERS
        | st.sampled_from(["chunked", "gzip", "deflate", "identity", "close", 'W/"1"', "a=b; c"])
        | st.text(st.characters(max_codepoint=255), max_size=12),
    ),
    max_size=5,
)
_ANSWERS = st.binary(max_size=80) | st.builds(
    lambda version, status, headers, size, body: (
        f"{version} {status}\r\n{''.join(headers)}\r\n{size}\r\n".encode("latin-1", "replace")
        + body
    ),
    st.sampled_from(["HTTP/1.1", "HTTP/1.0", "HTTP/1.1 ", "http/1.1", "HTTP/2"]),
    st.sampled_from(["200 OK", "200", "204 x", "304", "302 Found", "404 x", "503 x", "100 x"]),
    _HEADERS,
    _NUMBERS,
    st.binary(max_size=40),
)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(answer=_ANSWERS)
@example(answer=_CHUNKED + b"ffffffffffffffffffffffff\r\npage")
@example(answer=_OK + b"Content-Length: -1\r\n\r\npage")
@example(answer=_OK + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\npage")
@example(answer=_OK + b"Set-Cookie: a=b; expires=Mon, 99 Xxx 9999 99:99:99\r\n\r\n")
def test_whatever_a_server_says_the_outcome_is_one_of_ours(
    server: RawServer, local: FetchPolicy, answer: bytes
) -> None:
    server.script = answer
    try:
        outcome = fetch(server.url, policy=local)
    except HandlerError as error:
        assert str(error).isprintable()  # noqa: PT017 - most answers fail, not all
    else:
        assert isinstance(outcome, Fetched | NotModified)
