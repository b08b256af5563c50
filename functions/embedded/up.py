"""Everything on this machine: emulators, functions, alerts, and the console that shows them."""

from __future__ import annotations

import contextlib
import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from pydantic import SecretStr

from functions.embedded.driver import RunDriver
from functions.embedded.session import embedded_session, make_folder
from functions.errors import EmulatorError
from telemetry.child import ServingProcess
from telemetry.configuration import ANY_TOKEN
from telemetry.emulator.address import EMULATOR_TOKEN
from telemetry.web_server import WebServer, address_of, listen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from functions.runtime.settings import Settings
    from functions.stages.fetching import SourceLocation

_METRICS_EVERY: Final = "5000"
"""Milliseconds, of the usual 60,000: a person waits for the dashboards
(https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/)."""

_CHANNEL: Final = "pipeline"
_TOKEN: Final = "local"  # noqa: S105 - the stand-in takes any


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Hold how everything is run.

    Attributes:
        settings: Of the pipeline; addresses and secrets are filled in.
        port: Where the console listens; 0 picks a free port.
        processes: How many processes serve the functions.
        evaluate_every: Seconds between two runs of every alert; None for their own frequencies.
        definitions: Files and folders of dashboards and alerts.
        sources: What is fetched at once.
        until_stdin_closes: Whether to stop when standard input ends.
    """

    settings: Settings
    port: int
    processes: int
    evaluate_every: float | None
    definitions: Sequence[Path]
    sources: Sequence[SourceLocation] = ()
    until_stdin_closes: bool = False


@dataclass(frozen=True, slots=True)
class _Logfire:
    """Reach the Logfire emulator, which is starting or up.

    Args:
        starting: The process.
        token: What it lets in.
    """

    starting: Future[ServingProcess]
    token: str

    @property
    def url(self) -> str:
        """Where it is, once it is up."""
        return self.starting.result().address

    def environment(self, _data: Path) -> dict[str, str]:
        """Return the variables that send telemetry there, wherever it went otherwise."""
        return {
            "LOGFIRE_BASE_URL": self.url,
            "LOGFIRE_TOKEN": self.token,
            "OTEL_METRIC_EXPORT_INTERVAL": _METRICS_EVERY,
        }

    def check(self) -> None:
        """Make sure that it is still there.

        Raises:
            EmulatorError: It has ended.
        """
        process = self.starting.result()
        code = process.poll()
        if code is not None:
            raise EmulatorError(
                f"the Logfire emulator ended with {code}. Nothing is lost: the next mystage up with"
                f" the same --data takes up where this one stood{process.last_words}"
            )


def bring_up(
    options: Options, *, ready: Callable[[str], object], say: Callable[[str], object]
) -> None:
    """Serve everything until a signal asks to stop.

    Args:
        options: How.
        ready: Called with the console's URL once all of it works.
        say: Called with what its user should know of.

    Raises:
        PortUnusable: The port cannot be listened on.
        ServerNotStarted: The Logfire emulator did not start.
        PipelineError: Another part did not start, or has ended by itself.
    """
    data = options.settings.data
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(listen(options.port))
        console = address_of(listener)
        make_folder(data)
        logfire = stack.enter_context(_start_logfire(data, console, options.evaluate_every))
        # Importing takes a while, in which the processes start.
        preparing = stack.enter_context(ThreadPoolExecutor(1)).submit(_prepare, options.definitions)
        session = stack.enter_context(
            embedded_session(
                _localize(options.settings, console),
                processes=options.processes,
                find_telemetry=logfire.environment,
            )
        )
        pages, definitions = preparing.result()
        place = pages.Place(console, logfire.url, logfire.token)
        pages.rehearse_alerts(definitions, place, session, say)
        driver = RunDriver(session, logfire.check)
        identity = pages.LocalIdentity()

        def announce() -> None:
            ready(console)
            say(f"Open {identity.address(console)} with a browser.")

        server = WebServer(
            stack.enter_context(
                pages.open_console(options.definitions, place, session, driver, identity)
            ),
            ready=announce,
            until_stdin_closes=options.until_stdin_closes,
        )
        driver.submit(options.sources)
        with driver.running(server.stop):
            server.serve_on(listener)


def _prepare(paths: Sequence[Path]) -> tuple[Any, Any]:
    """Return the module of the pages, and what is defined for them."""
    pages = import_module("functions.embedded.pages")
    return pages, pages.read_definitions(paths)


@contextlib.contextmanager
def _start_logfire(data: Path, console: str, evaluate_every: float | None) -> Iterator[_Logfire]:
    """Run the Logfire emulator, without waiting until it is up."""
    arguments = ["--data", str(data), "--alert-url", f"{console}/alerts/{{alert_id}}"]
    if evaluate_every is not None:
        arguments += ["--evaluate-every", f"{evaluate_every:.3f}s"]
    with ThreadPoolExecutor(1) as thread:
        starting = thread.submit(
            ServingProcess, "telemetry.cli.emulate", arguments, name="Logfire emulator"
        )
        try:
            yield _Logfire(starting, os.environ.get(EMULATOR_TOKEN) or ANY_TOKEN)
        finally:
            if starting.exception() is None:
                starting.result().stop()


def _localize(settings: Settings, console: str) -> Settings:
    """Return settings whose alerts stay here, whatever the environment says about Slack."""
    return settings.model_copy(
        update={
            "alert_webhook_secret": SecretStr(secrets.token_urlsafe(32)),
            "slack_api": f"{console}/slack/api",
            "slack_token": SecretStr(_TOKEN),
            "slack_channel": _CHANNEL,
            "slack_webhook_url": SecretStr(""),
            "console_url": console,
        }
    )
