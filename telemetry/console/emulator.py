"""Whom the pages ask for alerts: the Logfire emulator's APIs, over HTTP."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from telemetry.definitions.alerts import NotifyWhen
from telemetry.definitions.durations import Duration
from telemetry.emulator.alert_states import AlertState, DeliveryState, RunState
from telemetry.errors import RequestRefused, ServiceUnreachable
from telemetry.refusals import describe_refusal
from telemetry.terminal import clean

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_Read = TypeVar("_Read")

_TIMEOUT: Final = 60.0
"""Seconds for one answer: a run by hand takes as long as its query."""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Standing(_Answer):
    """Say how an alert stands.

    Attributes:
        last_run: As of when it was run last.
        next_run: When it will be; None where it is not run by itself.
        snoozed_until: Until when it tells nobody; None where it tells.
    """

    id: UUID
    state: AlertState
    last_run: datetime | None
    next_run: datetime | None
    snoozed_until: datetime | None


class Assignment(_Answer):
    """Name a channel that is told, and the hours in which it is."""

    channel_id: UUID
    schedule_id: UUID | None


class ChannelConfig(_Answer):
    """Say where a channel leads; what is secret is masked."""

    type: str
    format: str | None = None
    url: str | None = None


class Channel(_Answer):
    """Hold whom an alert tells."""

    id: UUID
    label: str
    active: bool
    config: ChannelConfig


class Alert(_Answer):
    """Hold an alert as it was applied, with the number of rows that its last run found.

    The durations are in seconds.
    """

    id: UUID
    name: str
    description: str | None
    query: str
    time_window: Duration
    frequency: Duration
    watermark: Duration
    environments: tuple[str, ...]
    notify_when: NotifyWhen
    channels: tuple[Channel, ...]
    channel_assignments: tuple[Assignment, ...]
    result_length: int


class Run(_Answer):
    """Hold one run.

    Attributes:
        result: The first rows it found.
        result_length: How many there were.
        notified: Whether somebody is told.
        reason: Why nobody is.
    """

    id: UUID
    at: datetime
    window_start: datetime
    window_end: datetime
    state: RunState
    result: tuple[dict[str, Any], ...]
    result_length: int
    error: str | None
    notified: bool
    reason: str | None


class Attempt(_Answer):
    """Hold how an attempt to deliver ended: with an answer, or with an error."""

    at: datetime
    status: int | None
    answer: str | None
    error: str | None


class Delivery(_Answer):
    """Hold a message to a channel, and what became of it."""

    id: UUID
    run_id: UUID
    channel_label: str
    format: str | None
    url: str | None
    state: DeliveryState
    reason: str | None
    attempts: tuple[Attempt, ...]
    body: Any
    created_at: datetime
    next_attempt_at: datetime | None


class Emulator:
    """Name a Logfire emulator.

    Args:
        url: Where it is.
        token: What lets in.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        # It is on this machine and speaks no TLS: reading the certificates takes 100 ms.
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    @asynccontextmanager
    async def call(self) -> AsyncIterator[Calls]:
        """Lend calls to it, for as long as a page takes."""
        async with httpx.AsyncClient(
            base_url=self._url,
            headers=self._headers,
            timeout=_TIMEOUT,
            verify=self._tls,
            trust_env=False,  # a proxy would not reach this machine
        ) as client:
            yield Calls(client, self._url)


class Calls:
    """Call an emulator.

    Every method raises ServiceUnreachable where it does not answer, or not as an emulator does,
    and RequestRefused where it answers no.

    Args:
        client: What it is called by.
        url: Where it is.
    """

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client = client
        self._url = url

    async def list_standings(self) -> list[Standing]:
        """Return how all alerts stand."""
        return await self._read(list[Standing], "/emulator/v1/alerts/")

    async def list_alerts(self) -> list[Alert]:
        """Return all alerts."""
        return await self._read(list[Alert], await self._alerts_path())

    async def read_standing(self, alert_id: UUID) -> Standing:
        """Return how an alert stands."""
        return await self._read(Standing, f"/emulator/v1/alerts/{alert_id}/")

    async def read_alert(self, alert_id: UUID) -> Alert:
        """Return an alert."""
        return await self._read(Alert, f"{await self._alerts_path()}{alert_id}/")

    async def list_runs(
        self, alert_id: UUID, *, limit: int, before: UUID | None = None
    ) -> list[Run]:
        """Return the newest runs of an alert, or those before one of them."""
        parameters = {"limit": str(limit)} | ({} if before is None else {"before": str(before)})
        return await self._read(list[Run], f"/emulator/v1/alerts/{alert_id}/runs/", parameters)

    async def list_deliveries(self, alert_id: UUID, *, limit: int) -> list[Delivery]:
        """Return the newest deliveries of an alert."""
        parameters = {"limit": str(limit), "alert_id": str(alert_id)}
        return await self._read(list[Delivery], "/emulator/v1/deliveries/", parameters)

    async def run_now(self, alert_id: UUID) -> Run:
        """Run an alert, and return the run."""
        return _parse(Run, await self._send("POST", f"/emulator/v1/alerts/{alert_id}/run/"))

    async def snooze(self, alert_id: UUID, until: datetime | None) -> None:
        """Let an alert tell nobody until a moment; None to let it tell again."""
        body = {"until": None if until is None else until.isoformat()}
        await self._send("PUT", f"/emulator/v1/alerts/{alert_id}/snooze/", json=body)

    async def retry(self, delivery_id: UUID) -> Delivery:
        """Let a delivery be tried at once, and return it."""
        path = f"/emulator/v1/deliveries/{delivery_id}/retry/"
        return _parse(Delivery, await self._send("POST", path))

    async def _alerts_path(self) -> str:
        projects = await self._read(list[_Project], "/api/v1/projects/")
        if not projects:
            raise ServiceUnreachable(f"{self._url} has no project: it is no Logfire emulator")
        return f"/api/v1/projects/{projects[0].id}/alerts/"

    async def _read(
        self, kind: type[_Read], path: str, parameters: dict[str, str] | None = None
    ) -> _Read:
        return _parse(kind, await self._send("GET", path, params=parameters))

    async def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            response = await self._client.request(method, path, **more)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise ServiceUnreachable(
                f"The Logfire emulator at {self._url} does not answer: {reason}. It keeps the"
                " alerts: see what it says in the terminal, start it again, then reload this page"
            ) from error
        if not response.is_success:
            raise RequestRefused(_reason(response), status=response.status_code)
        return response


class _Project(_Answer):
    id: UUID


def _parse(kind: type[_Read], response: httpx.Response) -> _Read:
    try:
        return TypeAdapter(kind).validate_json(response.content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ServiceUnreachable(
            f"{response.url} answers otherwise than this release of the Logfire emulator does:"
            f" {clean(first['msg'])}{place and f' at {place}'}"
        ) from error


def _reason(response: httpx.Response) -> str:
    """Return why a call was refused, in the emulator's words."""
    try:
        return describe_refusal(response.json())
    except ValueError:  # it is no JSON
        return f"{response.url} answers {response.status_code}"
