"""Bring the embedded pipeline up and down: lock, emulator, queues, workers."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final

from functions.embedded.assembly import TASKS_FOLDER, assemble_runtime, make_dispatcher
from functions.emulator.process import EmulatorProcess
from functions.errors import EmulatorError
from functions.runtime.dispatcher import EMULATOR_HOST
from functions.runtime.queues import declare_queues
from telemetry.emulator.address import telemetry_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from functions.runtime.dispatcher import CloudTasksDispatcher
    from functions.runtime.runtime import Runtime
    from functions.runtime.settings import Settings

_LOCK_FILE: Final = "lock"
_STOP_PATIENCE: Final = 15.0
"""Seconds: above those that workers give to what is under way, and to sending telemetry."""


@dataclass(frozen=True, slots=True)
class Session:
    """Hold the running parts.

    Attributes:
        runtime: What drives the pipeline; the workers have one of their own, on the same data.
        dispatcher: The way to the queues.
        worker: The process whose children serve the functions.
        emulator: The process of the queues.
    """

    runtime: Runtime
    dispatcher: CloudTasksDispatcher
    worker: subprocess.Popen[bytes]
    emulator: EmulatorProcess

    def check(self) -> None:
        """Make sure that workers and emulator are still there.

        Raises:
            EmulatorError: One of them has ended.
        """
        for part, code, said in (
            # The workers write to this process's stderr themselves.
            ("workers", self.worker.poll(), ""),
            ("Cloud Tasks emulator", self.emulator.poll(), self.emulator.last_words),
        ):
            if code is not None:
                raise EmulatorError(
                    f"the {part} ended with {code}. Nothing is lost: the next run with the same"
                    f" --data takes up where this one stood{said}"
                )

    def holds_tasks(self) -> bool:
        """Tell whether any queue holds a task."""
        return self.dispatcher.holds_tasks()


def make_folder(data: Path) -> None:
    """Make the data's folder, if it is not there.

    Raises:
        EmulatorError: It cannot be made.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refuse_folder(data, error) from error


@contextlib.contextmanager
def embedded_session(
    settings: Settings,
    *,
    processes: int,
    find_telemetry: Callable[[Path], Mapping[str, str]] = telemetry_environment,
) -> Iterator[Session]:
    """Run the emulator and the functions' workers, and give what drives them.

    Args:
        settings: Where the data is, and how sources are fetched; addresses are filled in.
        processes: How many processes serve the functions.
        find_telemetry: Returns, for the data's folder, the variables that say where telemetry is
            sent to. Asked once the workers begin, so that they need not wait for whoever takes it.

    Raises:
        EmulatorError: The folder is in use, or a part did not start; the message says which.
    """
    with contextlib.ExitStack() as stack:
        lock = stack.enter_context(_locked(settings.data, settings.lock_patience))
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1024))
        settings = settings.model_copy(
            update={"base_url": f"http://127.0.0.1:{listener.getsockname()[1]}"}
        )
        # Opened here first: a worker could not say as clearly what is wrong with the data.
        dispatcher = make_dispatcher(settings)
        runtime = assemble_runtime(settings, dispatcher)
        stack.callback(runtime.store.close)
        # Importing takes the workers longest, so they begin before there is an emulator.
        worker = _start_workers(settings, listener, lock, processes)
        stack.callback(_stop_workers, worker)
        emulator = stack.enter_context(_start_emulator(settings.data / TASKS_FOLDER))
        stack.callback(_stop_workers, worker)  # before the emulator, to which they still send
        stack.enter_context(_environment(EMULATOR_HOST, emulator.address))
        declare_queues(dispatcher, redirect_to=settings.base_url)
        # Last: whoever takes the telemetry may still be starting.
        _tell(worker, {EMULATOR_HOST: emulator.address, **find_telemetry(settings.data)})
        yield Session(runtime, dispatcher, worker, emulator)


@contextlib.contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before


@contextlib.contextmanager
def _locked(data: Path, patience: float) -> Iterator[int]:
    make_folder(data)
    try:
        descriptor = os.open(data / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _refuse_folder(data, error) from error
    try:
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise EmulatorError(
                        f"{data} is in use by another mystage run or mystage up: wait for it to"
                        " end, or name another folder with --data"
                    ) from None
                time.sleep(0.1)
        yield descriptor
    finally:
        os.close(descriptor)


def _refuse_folder(data: Path, error: OSError) -> EmulatorError:
    return EmulatorError(
        f"{data} cannot be used: {error.strerror}. Name another folder with --data"
    )


def _start_workers(
    settings: Settings, listener: socket.socket, lock: int, processes: int
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - this interpreter, our own module
        [
            sys.executable,
            "-m",
            "functions.embedded.worker",
            str(listener.fileno()),
            str(processes),
        ],
        stdin=subprocess.PIPE,
        # The workers hold the lock too: the folder is free once the last of them has ended.
        pass_fds=(listener.fileno(), lock),
        env=os.environ | settings.to_environment(),
        start_new_session=True,  # Ctrl-C is for the run, which then stops its workers in order
    )


def _start_emulator(folder: Path) -> EmulatorProcess:
    with ThreadPoolExecutor(1) as thread:
        starting = thread.submit(EmulatorProcess, folder)
        # What calls it takes as long to import as the emulator takes to come up.
        import_module("google.cloud.tasks_v2")
        return starting.result()


def _tell(worker: subprocess.Popen[bytes], environment: Mapping[str, str]) -> None:
    if worker.stdin is not None:
        with contextlib.suppress(BrokenPipeError):  # Session.check says that they have ended
            worker.stdin.write(f"{json.dumps(environment)}\n".encode())
            worker.stdin.flush()


def _stop_workers(worker: subprocess.Popen[bytes]) -> None:
    if worker.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            worker.stdin.close()
    try:
        worker.wait(_STOP_PATIENCE)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()
