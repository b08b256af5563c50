"""The emulator as a process: put together, served, and stopped in good order."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from telemetry.emulator.address import FOLDER, announced
from telemetry.emulator.alerting import Alerting, AlertOptions, Journal
from telemetry.emulator.engine import Engine
from telemetry.emulator.http.app import make_app
from telemetry.emulator.intake import Decoders
from telemetry.emulator.management import Management
from telemetry.emulator.memory import keep_freed_memory
from telemetry.emulator.store import Store, StoreOptions
from telemetry.web_server import WebServer, address_of, listen

if TYPE_CHECKING:
    from collections.abc import Callable

    from telemetry.emulator.engine import Limits


@dataclass(frozen=True, slots=True)
class Options:
    """Hold how the emulator is run.

    Args:
        port: The port to listen on; 0 picks a free one.
        data: The folder that survives; None for a temporary one.
        token: The only one that is let in; None lets any in.
        store: How telemetry is kept.
        limits: What a query may take.
        decoders: How many processes decode what is sent.
        until_stdin_closes: Whether to stop when standard input ends.
        alerts: Whether alerts are run by themselves.
        evaluate_every: Seconds between two runs of every alert, which none waits longer than for
            what is late; None for the alerts' own frequencies.
        alert_url: Where an alert's page is, with ``{alert_id}`` in it; None where it has none.
    """

    port: int = 0
    data: Path | None = None
    token: str | None = field(default=None, repr=False)
    store: StoreOptions = field(default_factory=StoreOptions)
    limits: Limits | None = None
    decoders: int = 2
    until_stdin_closes: bool = False
    alerts: bool = True
    evaluate_every: float | None = None
    alert_url: str | None = None

    @property
    def alerting(self) -> AlertOptions:
        """How alerts are run."""
        every = None if self.evaluate_every is None else timedelta(seconds=self.evaluate_every)
        return AlertOptions(run=self.alerts, every=every, url=self.alert_url)


def run(options: Options, *, ready: Callable[[str], object], say: Callable[[str], object]) -> None:
    """Serve until a signal, or the end of standard input, asks to stop.

    Args:
        options: How the emulator is run.
        ready: Called with its URL once it takes requests.
        say: Called with what its user should know of.

    Raises:
        EmulatorError: The folder or the port cannot be used.
    """
    keep_freed_memory()
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(listen(options.port))
        data = options.data or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="mystage-logfire-"))
        )
        store = stack.enter_context(Store(data / FOLDER, options.store, say=say))
        # After the store, which holds the folder for this process alone.
        journal = stack.enter_context(Journal(data / FOLDER))
        management = stack.enter_context(Management(data / FOLDER, journal.describe_runs))
        decoders = stack.enter_context(Decoders(options.decoders))
        engine = stack.enter_context(Engine(store, options.limits))
        alerting = stack.enter_context(
            Alerting(journal, management, engine, options.alerting, say=say)
        )
        url = address_of(listener)
        stack.enter_context(announced(data, url))
        server = WebServer(
            make_app(store, decoders, engine, management, alerting, token=options.token),
            ready=lambda: ready(url),
            until_stdin_closes=options.until_stdin_closes,
        )
        server.serve_on(listener)
