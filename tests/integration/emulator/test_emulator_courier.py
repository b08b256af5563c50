"""Targets that misbehave, each a real server on the loopback interface."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from functions.emulator.courier import Courier
from functions.emulator.records import NO_RESPONSE, TIMED_OUT, HttpCall, Outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

HEADERS = {"X-CloudTasks-TaskName": "t"}


@asynccontextmanager
async def serving(behave: Behaviour) -> AsyncIterator[str]:
    ended = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behave(reader, writer)
            await writer.drain()
        except ConnectionError:
            """The courier had enough."""
        finally:
            writer.close()
            ended.set()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        await ended.wait()


def answering(*parts: bytes, pause: float = 0.0) -> Behaviour:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)

    return behave


def forever(head: bytes, chunk: bytes) -> Behaviour:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        while True:
            writer.write(chunk)
            await writer.drain()

    return behave


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()  # until the courier hangs up


async def attempt(behave: Behaviour, *, deadline: float = 20.0) -> Outcome:
    async with serving(behave) as url:
        courier = Courier()
        try:
            call = HttpCall("POST", url, {"User-Agent": "x"}, b"body", deadline)
            return await courier.attempt(call, HEADERS)
        finally:
            await courier.close()


@pytest.mark.parametrize("status", [200, 201, 204, 299])
async def test_only_a_2xx_answer_is_success(status: int) -> None:
    outcome = await attempt(answering(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status))
    assert Outcome(status, responded=True) == outcome
    assert outcome.succeeded


@pytest.mark.parametrize("status", [300, 301, 308, 400, 404, 429, 500, 503, 599])
async def test_any_other_answer_is_a_failure(status: int) -> None:
    outcome = await attempt(answering(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status))
    assert Outcome(status, responded=True, reason=f"HTTP status code {status}") == outcome
    assert not outcome.succeeded


async def test_a_target_that_never_answers_misses_its_deadline() -> None:
    outcome = await attempt(silent, deadline=0.2)
    assert Outcome(TIMED_OUT, responded=False, reason="no answer within 0.2 s") == outcome
    assert not outcome.succeeded


async def test_an_answer_that_does_not_end_misses_its_deadline() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"
    outcome = await attempt(answering(head, *[b"x"] * 900, pause=0.05), deadline=0.3)
    assert TIMED_OUT == outcome.http_status


async def test_an_endless_answer_is_cut_off_and_its_status_counts() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    assert Outcome(200, responded=True) == await attempt(forever(head, chunk))


@pytest.mark.parametrize(
    "behave",
    [
        forever(b"HTTP/1.1 200 OK\r\n", b"X-Header: 1\r\n"),
        forever(b"HTTP/1.1 200 OK\r\nX-Header: ", b"x" * 4096),
        forever(b"HTTP/1.1 ", b"2" * 4096),
    ],
    ids=["headers", "one-header", "status-line"],
)
async def test_an_endless_head_is_cut_off(behave: Behaviour) -> None:
    outcome = await attempt(behave)
    assert (NO_RESPONSE, False) == (outcome.http_status, outcome.responded)


@pytest.mark.parametrize(
    "answer",
    [
        b"",  # hangs up
        b"\x00\xff\x00\xff\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
        b"HTTP/1.1 999999 X\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",  # hangs up in the middle
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
async def test_an_answer_that_is_none_is_a_failed_attempt_without_a_response(
    answer: bytes,
) -> None:
    outcome = await attempt(answering(answer))
    assert (NO_RESPONSE, False, True) == (
        outcome.http_status,
        outcome.responded,
        bool(outcome.reason),
    )


async def test_a_compressed_answer_is_not_unpacked() -> None:
    # Not gzip at all: whoever tried to unpack it would fail.
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\njunk"
    assert Outcome(200, responded=True) == await attempt(answering(answer))


async def test_cookies_are_forgotten() -> None:
    seen: list[bytes] = []

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(4)
            seen.append(head)
            writer.write(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n")

    async with serving(behave) as url:
        courier = Courier()
        call = HttpCall("POST", url, {}, b"body", 20.0)
        for _ in range(2):
            assert (await courier.attempt(call, HEADERS)).succeeded
        await courier.close()
    # Both came over one connection, which is kept between attempts.
    assert [False, False] == [b"cookie" in head.lower() for head in seen]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "http://no-such-host.invalid/", "http://[/"]
)
async def test_a_target_that_is_not_there_is_a_failed_attempt(url: str) -> None:
    courier = Courier()
    outcome = await courier.attempt(HttpCall("GET", url, {}, b"", 20.0), HEADERS)
    await courier.close()
    assert (NO_RESPONSE, False) == (outcome.http_status, outcome.responded)


async def test_being_cancelled_is_no_outcome() -> None:
    reached = asyncio.Event()

    async def behave(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        reached.set()
        assert b"" == await reader.read()  # the courier hung up

    async with serving(behave) as url:
        courier = Courier()
        attempt = asyncio.create_task(courier.attempt(HttpCall("GET", url, {}, b"", 20.0), HEADERS))
        await reached.wait()
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        await courier.close()
