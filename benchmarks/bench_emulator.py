"""How many tasks a second the Cloud Tasks emulator takes and delivers.

Prints one JSON document. Threads of the real ``google-cloud-tasks`` client create named tasks, one
call a task; the emulator delivers them to a minimal HTTP server in a process of its own. A run ends
when the last task has arrived, and each run has a fresh emulator on a fresh folder. Beside ours the
PyPI package ``gcloud-tasks-emulator`` (in memory only) runs under the same load, in an environment
of its own under a temporary folder, where it can be had.

    python benchmarks/bench_emulator.py [--tasks 2000] [--runs 5] [--no-comparison]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import venv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Emulator = Callable[[], contextlib.AbstractContextManager[str]]

THREADS = 4
WARM_UP = 20  # tasks per thread that are not timed
LOCATION = "projects/bench/locations/local"
QUEUES = [f"{LOCATION}/queues/queue-{number}" for number in range(THREADS)]
BODY = json.dumps({"url": "https://example.com/venues/1", "text": "x" * 200}).encode()
OTHER = "gcloud-tasks-emulator"
PATIENCE = 120.0
# The other emulator listens on every interface; a benchmark need not.
OTHER_ON_LOOPBACK = """
import grpc
make = grpc.server
def server(*args, **kwargs):
    made = make(*args, **kwargs)
    listen = made.add_insecure_port
    made.add_insecure_port = lambda address: listen(address.replace("[::]", "127.0.0.1"))
    return made
grpc.server = server
from gcloud_tasks_emulator.__main__ import main
main()
"""


class Receiver(asyncio.Protocol):
    """Answer every request with 200, and ``GET /wait/N`` once N tasks have arrived."""

    seen: set[bytes]
    requests: int
    waiting: list[tuple[int, Receiver]]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self.transport: Any = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        """Take in as many requests as are whole."""
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            size = int(_header(head, b"content-length") or 0)
            if len(self.buffer) < end + 4 + size:
                return
            self.buffer = self.buffer[end + 4 + size :]
            if head.startswith(b"get /wait/"):
                Receiver.waiting.append((int(head.split()[1].rpartition(b"/")[2]), self))
            else:
                Receiver.requests += 1
                Receiver.seen.add(_header(head, b"x-cloudtasks-taskname"))
                self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            self._tell()

    def _tell(self) -> None:
        for waiting in list(Receiver.waiting):
            count, connection = waiting
            if len(Receiver.seen) >= count:
                Receiver.waiting.remove(waiting)
                answer = b"%d" % Receiver.requests
                connection.transport.write(
                    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer)
                )


def _header(head: bytes, name: bytes) -> bytes:
    _, found, rest = head.partition(b"\r\n" + name + b":")
    return rest.partition(b"\r\n")[0].strip() if found else b""


async def receive() -> None:
    """Run the receiver until it is killed."""
    Receiver.seen, Receiver.requests, Receiver.waiting = set(), 0, []
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextlib.contextmanager
def receiver() -> Iterator[str]:
    """Run the receiver in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--receive"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def ours() -> Iterator[str]:
    """Run our emulator, durable, on a folder of its own."""
    from functions.emulator.process import EmulatorProcess  # noqa: PLC0415 - not in the receiver

    with tempfile.TemporaryDirectory() as folder, EmulatorProcess(Path(folder)) as emulator:
        yield emulator.address


@contextlib.contextmanager
def other(python: Path) -> Iterator[str]:
    """Run the other emulator, which keeps everything in memory."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [python, "-c", OTHER_ON_LOOPBACK, "start", "--port", str(port), "--quiet"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{OTHER} did not start")
            time.sleep(0.05)
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def install_other(folder: Path) -> Path:
    """Install the other emulator into an environment of its own and return its Python.

    Raises:
        subprocess.CalledProcessError: It cannot be had here.
    """
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", OTHER],
        check=True,
        capture_output=True,
        text=True,
    )
    return python


class Load:
    """Threads that create tasks through one client, each in a queue of its own.

    Args:
        address: The emulator's.
        url: Where the tasks go.
        later: Whether they are due in an hour rather than now.
    """

    def __init__(self, address: str, url: str, *, later: bool) -> None:
        import grpc  # noqa: PLC0415 - not in the receiver
        from google.cloud import tasks_v2  # noqa: PLC0415
        from google.cloud.tasks_v2.services.cloud_tasks import transports  # noqa: PLC0415

        channel = grpc.insecure_channel(address)
        transport = transports.CloudTasksGrpcTransport(channel=channel)
        self._client = tasks_v2.CloudTasksClient(transport=transport)
        self._url = url
        self._due = {"schedule_time": datetime.now(UTC) + timedelta(hours=1)} if later else {}
        self._broken: list[Exception] = []
        for queue in QUEUES:
            self._client.create_queue(parent=LOCATION, queue={"name": queue})

    def create(self, numbers: range) -> None:
        """Create a task for each number in each queue, all queues at once."""
        threads = [threading.Thread(target=self._create, args=(q, numbers)) for q in QUEUES]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._broken:
            raise self._broken[0]

    def _create(self, queue: str, numbers: range) -> None:
        try:
            for number in numbers:
                name = hashlib.sha256(f"{queue}{number}".encode()).hexdigest()[:32]
                request = {
                    "url": f"{self._url}/task",
                    "headers": {"Content-Type": "application/json"},
                    "body": BODY,
                }
                task = {"name": f"{queue}/tasks/{name}", "http_request": request, **self._due}
                self._client.create_task(parent=queue, task=task)
        except Exception as error:  # noqa: BLE001 - raised again where the threads are joined
            self._broken.append(error)


def run_deliveries(address: str, tasks: int) -> float:
    """Return how many tasks a second are created and have arrived."""
    each = tasks // THREADS
    with receiver() as url:
        load = Load(address, url, later=False)
        load.create(range(WARM_UP))
        wait_for(url, WARM_UP * THREADS)
        began = time.perf_counter()
        load.create(range(WARM_UP, WARM_UP + each))
        wait_for(url, (WARM_UP + each) * THREADS)
        return each * THREADS / (time.perf_counter() - began)


def run_creations(address: str, tasks: int) -> float:
    """Return how many tasks a second are created and wait."""
    each = tasks // THREADS
    load = Load(address, "http://127.0.0.1:1", later=True)
    load.create(range(WARM_UP))
    began = time.perf_counter()
    load.create(range(WARM_UP, WARM_UP + each))
    return each * THREADS / (time.perf_counter() - began)


def wait_for(url: str, count: int) -> None:
    """Wait until so many tasks have arrived."""
    with urllib.request.urlopen(f"{url}/wait/{count}", timeout=PATIENCE) as answer:  # noqa: S310 - ours
        answer.read()


def measure(emulators: dict[str, Emulator], *, tasks: int, runs: int) -> dict[str, dict[str, Any]]:
    """Run every emulator in turn, so that whatever else the machine does befalls them alike.

    Returns:
        By emulator, the medians over several fresh runs, and the runs themselves.
    """
    rates: dict[str, dict[str, list[float]]] = {
        name: {"create_to_delivery": [], "create": []} for name in emulators
    }
    for _ in range(runs):
        for name, emulator in emulators.items():
            with emulator() as address:
                rates[name]["create_to_delivery"].append(run_deliveries(address, tasks))
        for name, emulator in emulators.items():
            with emulator() as address:
                rates[name]["create"].append(run_creations(address, tasks))
    return {
        name: {
            key: value
            for what, seen in measured.items()
            for key, value in (
                (f"{what}_per_second", round(statistics.median(seen))),
                (f"{what}_runs", [round(each) for each in seen]),
            )
        }
        for name, measured in rates.items()
    }


def main() -> None:
    """Measure both and print the document."""
    parser = argparse.ArgumentParser(description="Benchmark the Cloud Tasks emulator.")
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-comparison", action="store_true")
    parser.add_argument("--receive", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.receive:
        asyncio.run(receive())
        return
    document: dict[str, Any] = {
        "tasks": options.tasks,
        "client_threads": THREADS,
        "queues": len(QUEUES),
        "body_bytes": len(BODY),
        "cpus": os.cpu_count(),
        "python": sys.version.split()[0],
    }
    with tempfile.TemporaryDirectory() as folder:
        emulators: dict[str, Emulator] = {"mystage": ours}
        if not options.no_comparison:
            try:
                python = install_other(Path(folder))
                emulators[OTHER] = lambda: other(python)
            except subprocess.CalledProcessError as error:
                reason = (error.stderr or str(error)).strip().splitlines()[-1]
                document[OTHER] = {"not_available": reason}
        document |= measure(emulators, tasks=options.tasks, runs=options.runs)
    document["mystage"]["durable"] = True
    if OTHER in emulators:
        document[OTHER]["durable"] = False
        document["ratio"] = {
            what: round(document["mystage"][what] / document[OTHER][what], 2)
            for what in ("create_to_delivery_per_second", "create_per_second")
        }
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
