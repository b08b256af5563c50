"""The dispatcher on a real store, against a real target, in this process."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Self

import pytest
from aiohttp import web

from functions.emulator import dispatcher as dispatcher_module
from functions.emulator.admission import admit
from functions.emulator.clock import SystemClock
from functions.emulator.courier import Courier
from functions.emulator.dispatcher import Dispatcher, HostedQueue
from functions.emulator.messages import Queue, Task
from functions.emulator.registry import Registry
from functions.emulator.settings import complete
from functions.emulator.store import Insertion, TaskStore
from functions.emulator.writer import Writer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]

QUEUES = [f"projects/p/locations/l/queues/q{number}" for number in range(2)]


@asynccontextmanager
async def target(respond: Respond) -> AsyncIterator[str]:
    runner = web.ServerRunner(web.Server(respond))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


class Bench:
    """A dispatcher with two queues."""

    def __init__(self, folder: Path | None, *, room: int = 100) -> None:
        self.clock = SystemClock()
        store = TaskStore(folder)
        self.registry = Registry()
        queues = self.registry.load(store, ticks=self.clock.monotonic())
        last_key = store.last_key()
        self.writer = Writer(store, on_failure=pytest.fail)
        self.courier = Courier()
        self.said: list[str] = []
        self.dispatcher = Dispatcher(
            writer=self.writer,
            courier=self.courier,
            clock=self.clock,
            room=room,
            last_key=last_key,
            say=self.said.append,
            on_failure=pytest.fail,
        )
        for queue in queues:
            self.dispatcher.wake(queue)

    async def __aenter__(self) -> Self:
        for name in QUEUES:
            if self.registry.find(name) is None:
                message = complete(Queue(name=name)).SerializeToString()
                key = await self.writer.submit(
                    lambda store, name=name, message=message: store.insert_queue(name, message)
                )
                assert key is not None
                self.registry.add(key, message, ticks=self.clock.monotonic())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.dispatcher.stop(grace=0)
        await self.writer.close()
        await self.courier.close()

    def queue(self, number: int) -> HostedQueue:
        return self.registry.get(QUEUES[number])

    async def create(self, number: int, url: str, **fields: Any) -> str:
        queue = self.queue(number)
        message = Task(http_request={"url": url}, **fields)
        task = admit(message, queue=queue.name, now=self.clock.wall(), view=1)
        assert Insertion.ADDED is await self.writer.submit(*self.dispatcher.insertion(queue, task))
        return task.task_id

    async def drained(self) -> None:
        async with asyncio.timeout(30):
            # The dispatcher has no event for this: it serves for ever.
            while any(self.queue(number).state.tasks for number in range(2)):  # noqa: ASYNC110 - see above
                await asyncio.sleep(0.001)


async def test_requests_that_find_no_memory_are_read_when_they_are_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatcher_module, "_HELD_BYTES", 2000)
    bodies: list[bytes] = []

    async def respond(request: web.Request) -> web.Response:
        bodies.append(await request.read())
        return web.Response()

    async with target(respond) as url, Bench(None) as bench:
        queue = bench.queue(0)
        message = [
            Task(
                http_request={"url": url, "body": b"%d" % number * 100},
                schedule_time={"seconds": bench.clock.wall() // 10**6 + 1},
            )
            for number in range(8)
        ]
        for each in message:
            task = admit(each, queue=queue.name, now=bench.clock.wall(), view=1)
            await bench.writer.submit(*bench.dispatcher.insertion(queue, task))
        held = [task.call is not None for task in queue.state.tasks.values()]
        assert {True, False} == set(held)
        await bench.drained()
        assert 0 == bench.dispatcher._held
    assert sorted(b"%d" % number * 100 for number in range(8)) == sorted(bodies)


async def test_deliveries_share_the_room_there_is_between_queues() -> None:
    here, most, paths = 0, 0, []
    both = asyncio.Barrier(2)

    async def respond(request: web.Request) -> web.Response:
        nonlocal here, most
        here += 1
        most = max(most, here)
        paths.append(request.path)
        await both.wait()  # two are let in at a time …
        here -= 1
        return web.Response()

    async with target(respond) as url, Bench(None, room=2) as bench:
        for _ in range(10):
            for number in range(2):
                await bench.create(number, f"{url}{number}")
        await bench.drained()
    assert 2 == most  # … and never a third
    assert ["/0"] * 10 + ["/1"] * 10 == sorted(paths)
    # Neither queue had to wait for the other to be done.
    assert {"/0", "/1"} == set(paths[:6])


async def test_a_queue_without_room_is_served_when_there_is_some() -> None:
    first = asyncio.Event()
    answer = asyncio.Event()
    paths = []

    async def respond(request: web.Request) -> web.Response:
        paths.append(request.path)
        first.set()
        await answer.wait()
        return web.Response()

    async with target(respond) as url, Bench(None, room=1) as bench:
        await bench.create(0, f"{url}0")
        await first.wait()
        await bench.create(1, f"{url}1")  # the other queue has taken all the room
        answer.set()
        await bench.drained()
    assert ["/0", "/1"] == paths


async def test_a_deleted_task_gives_its_memory_back() -> None:
    async with Bench(None) as bench:
        later = {"seconds": bench.clock.wall() // 10**6 + 3600}
        task_id = await bench.create(0, "http://127.0.0.1:1/", schedule_time=later)
        assert bench.dispatcher._held > 0
        bench.dispatcher.forget(bench.queue(0), task_id)
        assert 0 == bench.dispatcher._held


async def test_a_stopped_dispatcher_cuts_deliveries_off_without_counting_them(
    tmp_path: Path,
) -> None:
    arrived: asyncio.Queue[str] = asyncio.Queue()
    answer = asyncio.Event()

    async def respond(request: web.Request) -> web.Response:
        arrived.put_nowait(request.headers["X-CloudTasks-TaskRetryCount"])
        await answer.wait()
        return web.Response()

    async with target(respond) as url:
        async with Bench(tmp_path) as bench:
            await bench.create(0, url)
            assert "0" == await arrived.get()
        async with Bench(tmp_path):
            assert "0" == await arrived.get()
        answer.set()


async def test_a_task_given_up_is_told_of_and_forgotten() -> None:
    async def respond(_: web.Request) -> web.Response:
        return web.Response(status=418)

    async with target(respond) as url, Bench(None) as bench:
        task_id = await bench.create(0, url, retry_config={"max_attempts": 1})
        await bench.drained()
        assert [
            f"{QUEUES[0]}/tasks/{task_id} is given up after 1 attempts: HTTP status code 418"
        ] == bench.said
        key = bench.queue(0).key
        held = await bench.writer.submit(
            lambda store: store.read_task(key, task_id, with_body=False)
        )
        assert held is None
