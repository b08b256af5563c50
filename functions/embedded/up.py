"""Everything on this machine: emulators, functions, alerts, and the console that shows them."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from functions.alerts import ON_ALERT
from functions.console import queues_section, sources_section
from functions.embedded.driver import RunDriver
from functions.embedded.session import embedded_session
from functions.errors import EmulatorError
from functions.stages.fetching import expand_sources
from telemetry.child import ServingProcess
from telemetry.configuration import ANY_TOKEN
from telemetry.console import make_console
from telemetry.console.alerts import alerts_section
from telemetry.console.catalogue import Catalogue
from telemetry.console.dashboards import dashboards_section
from telemetry.console.emulator import Emulator
from telemetry.console.home import home_section
from telemetry.console.inbox import inbox_section
from telemetry.console.source import Source
from telemetry.console.traces import traces_section
from telemetry.definitions import load_definitions, load_names
from telemetry.errors import InvalidDefinitions, SyncError
from telemetry.slack import Inbox
from telemetry.sync.rehearsal import rehearse
from telemetry.web_server import WebServer, address_of, listen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from starlette.applications import Starlette

    from functions.embedded.session import Session
    from functions.runtime.settings import Settings
    from functions.stages.fetching import SourceLocation

_INBOX: Final = "slack.db"
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
        EmulatorError: Another part did not start, or has ended by itself.
    """
    data = options.settings.data
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(listen(options.port))
        console = address_of(listener)
        settings = _localize(options.settings, console)
        data.mkdir(parents=True, exist_ok=True)
        emulator = stack.enter_context(_logfire(data, console, options.evaluate_every))
        inbox = stack.enter_context(contextlib.closing(Inbox(data / _INBOX)))
        session = stack.enter_context(embedded_session(settings, processes=options.processes))
        receiver = _receiver(session.runtime.settings)
        _rehearse(options.definitions, emulator.address, receiver, console, say)
        driver = RunDriver(session, lambda: _check(emulator))
        server = WebServer(
            _make_console(options.definitions, emulator.address, session, driver, inbox),
            ready=lambda: ready(console),
            until_stdin_closes=options.until_stdin_closes,
        )
        driver.submit(options.sources)
        with driver.running(server.stop):
            server.serve_on(listener)


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


def _logfire(data: Path, console: str, evaluate_every: float | None) -> ServingProcess:
    arguments = ["--data", str(data), "--alert-url", f"{console}/alerts/{{alert_id}}"]
    if evaluate_every is not None:
        arguments += ["--evaluate-every", f"{evaluate_every:.3f}s"]
    return ServingProcess("telemetry.cli.emulate", arguments, name="Logfire emulator")


def _check(emulator: ServingProcess) -> None:
    code = emulator.poll()
    if code is not None:
        raise EmulatorError(
            f"the Logfire emulator ended with {code}. What it sent to the terminal last:\n"
            f"{emulator.log}"
        )


def _receiver(settings: Settings) -> str:
    """Return where alerts are told; a secret."""
    key = settings.alert_webhook_secret.get_secret_value()
    return f"{settings.base_url}/{ON_ALERT.function}?key={key}"


def _rehearse(
    paths: Sequence[Path], emulator: str, receiver: str, console: str, say: Callable[[str], object]
) -> None:
    """Have the emulator run the alerts; where that cannot be, all else is up without them."""
    if not paths:
        say("no folders dashboards/ and alerts/ here: nothing to show and no alerts to run")
        return
    try:
        definitions = load_definitions(paths, load_names()).check()
        outcome = rehearse(
            definitions, emulator, receiver=receiver, slack=f"{console}/slack/services"
        )
    except InvalidDefinitions as error:
        say(f"the definitions cannot be used, so no alerts run:\n{error}")
    except SyncError as error:
        say(f"no alerts run: {error}")
    else:
        for failure in outcome.failures:
            action = failure.action
            say(f"{action.kind.title} {action.identity} is not there: {failure.error}")


def _make_console(
    paths: Sequence[Path], emulator: str, session: Session, driver: RunDriver, inbox: Inbox
) -> Starlette:
    catalogue = Catalogue(paths)
    source = Source(emulator, ANY_TOKEN)
    runtime = session.runtime
    stages = {stage.name: stage.queue for stage in runtime.pipeline.stages}

    def start(lines: list[str]) -> None:
        driver.submit(expand_sources(lines))

    return make_console(
        [
            home_section(catalogue),
            dashboards_section(catalogue, source),
            alerts_section(Emulator(emulator, ANY_TOKEN)),
            traces_section(source, stages),
            sources_section(runtime, start),
            queues_section(runtime, session.dispatcher),
            inbox_section(inbox),
        ]
    )
