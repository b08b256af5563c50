"""The console of everything, and the alerts that it shows: what of it takes long to import."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from functions.admin import LocalIdentity, failed_tasks_section
from functions.console import queues_section, sources_section
from functions.pipeline import ON_ALERT
from functions.stages.fetching import expand_sources
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
from telemetry.slack.inbox import Inbox
from telemetry.sync.rehearsal import rehearse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from starlette.applications import Starlette

    from functions.embedded.driver import RunDriver
    from functions.embedded.session import Session
    from telemetry.definitions import Definitions

__all__ = ["LocalIdentity", "Place", "open_console", "read_definitions", "rehearse_alerts"]

_INBOX: Final = "slack.db"


@dataclass(frozen=True, slots=True)
class Place:
    """Hold where the parts are.

    Attributes:
        console: The console's URL.
        logfire: The Logfire emulator's.
        token: What that lets in.
    """

    console: str
    logfire: str
    token: str = field(repr=False)


def read_definitions(paths: Sequence[Path]) -> Definitions | InvalidDefinitions | None:
    """Return what files define, or what is wrong with them; None where there are none."""
    if not paths:
        return None
    try:
        return load_definitions(paths, load_names()).check()
    except InvalidDefinitions as error:
        return error


def rehearse_alerts(
    definitions: Definitions | InvalidDefinitions | None,
    place: Place,
    session: Session,
    say: Callable[[str], object],
) -> None:
    """Have the emulator run the alerts; where that cannot be, all else is up without them."""
    if definitions is None:
        say("no folders dashboards/ and alerts/ here: nothing to show and no alerts to run")
        return
    if isinstance(definitions, InvalidDefinitions):
        say(f"the definitions cannot be used, so no alerts run:\n{definitions}")
        return
    settings = session.runtime.settings
    key = settings.alert_webhook_secret.get_secret_value()
    try:
        outcome = rehearse(
            definitions,
            place.logfire,
            receiver=f"{settings.base_url}/{ON_ALERT.function}?key={key}",
            slack=f"{place.console}/slack/services",
            token=place.token,
        )
    except SyncError as error:
        say(f"no alerts run: {error}")
        return
    for failure in outcome.failures:
        action = failure.action
        say(f"{action.kind.title} {action.identity} is not there: {failure.error}")


@contextlib.contextmanager
def open_console(
    paths: Sequence[Path],
    place: Place,
    session: Session,
    driver: RunDriver,
    identity: LocalIdentity,
) -> Iterator[Starlette]:
    """Give the application with all pages.

    Args:
        paths: Files and folders of dashboards.
        place: Where the parts are.
        session: The pipeline.
        driver: Takes the sources that the pages name.
        identity: Who may see and retry failed tasks.
    """
    runtime = session.runtime
    catalogue = Catalogue(paths)
    source = Source(place.logfire, place.token)
    emulator = Emulator(place.logfire, place.token)

    def start(lines: list[str]) -> None:
        driver.submit(expand_sources(lines))

    with contextlib.closing(Inbox(runtime.settings.data / _INBOX)) as inbox:
        yield make_console(
            [
                home_section(catalogue, emulator),
                dashboards_section(catalogue, source),
                alerts_section(emulator),
                traces_section(source),
                failed_tasks_section(runtime, identity),
                sources_section(runtime, start),
                queues_section(runtime, session.dispatcher),
                inbox_section(inbox),
            ]
        )
