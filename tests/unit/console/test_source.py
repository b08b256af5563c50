"""Whom the pages ask: whatever it answers, there are rows or a reason."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from telemetry.console.source import Source
from telemetry.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.preview.asking import Answer

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
COLUMN = b'{"name": "n", "nullable": true, "data_type": "Int64"}'


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """Serve one answer to everything, and give the server's URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


async def ask(url: str) -> Answer:
    source = Source(url, "secret-token")
    try:
        return await source.ask("SELECT 1 AS n", since=NOW - timedelta(hours=1), until=NOW)
    finally:
        await source.close()


async def test_rows_have_their_columns_in_order() -> None:
    body = b'{"schema": {"fields": [' + COLUMN + b']}, "data": [{"n": 1}, {"n": null}]}'
    with answering(200, body) as url:
        answer = await ask(url)
    assert (("n",), ({"n": 1}, {"n": None})) == answer


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b'{"schema": {"fields": [{}]}, "data": []}',
        b'{"schema": null, "data": null}',
        b'{"schema": {"fields": [' + COLUMN + b']}, "data": [1]}',
    ],
)
@pytest.mark.parametrize("status", [200, 400])
async def test_what_is_no_answer_of_logfire_is_an_error_and_no_crash(
    status: int, body: bytes
) -> None:
    with answering(status, body) as url, pytest.raises(QueryError):
        await ask(url)


async def test_a_server_that_is_no_query_api_is_named() -> None:
    with answering(200, b"<html>") as url:
        with pytest.raises(QueryError, match="answers otherwise than Logfire") as caught:
            await ask(url)
        assert url in str(caught.value)


@pytest.mark.parametrize("status", [302, 401, 403, 429, 500, 503])
async def test_a_refusal_is_told_with_the_servers_words_and_without_the_token(status: int) -> None:
    with (
        answering(status, b'{"detail": "no such luck"}') as url,
        pytest.raises(QueryError, match="no such luck") as caught,
    ):
        await ask(url)
    assert "secret-token" not in str(caught.value)


async def test_nobody_there_is_told_with_what_to_look_at() -> None:
    with answering(200, b"") as url:
        pass
    with pytest.raises(QueryError, match=f"{url} does not answer: .*Is it up"):
        await ask(url)
