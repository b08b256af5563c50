"""The paths of what Logfire has no API for: runs, deliveries, and snoozing."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import Route

from telemetry.emulator.http.refusals import Refusal
from telemetry.emulator.management.bodies import Body, check_body
from telemetry.emulator.management.requests import JsonBodies, guard, read_identifier
from telemetry.emulator.timestamps import write_timestamp

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

    from telemetry.emulator.alerting.alerting import Alerting

_Asked = TypeVar("_Asked", bound="Listing")

_ROOT: Final = "/emulator/v1/"
_LISTED, _MOST_LISTED = 100, 1000


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("it is out of the range of dates") from None


class Snooze(Body):
    """Say until when an alert tells nobody."""

    until: Annotated[AwareDatetime, AfterValidator(_in_utc)] | None


class Listing(BaseModel):
    """Hold which runs or deliveries are wanted."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    limit: Annotated[int, Field(ge=1, le=_MOST_LISTED)] = _LISTED


class RunListing(Listing):
    """Hold which runs are wanted."""

    before: UUID | None = None


class DeliveryListing(Listing):
    """Hold which deliveries are wanted."""

    alert_id: UUID | None = None


class AlertingApi:
    """Serve runs, deliveries and snoozing.

    Args:
        alerting: What runs and delivers.
        token: The only one that is let in; None lets any in.
    """

    def __init__(self, alerting: Alerting, token: str | None) -> None:
        self._alerting = alerting
        self._bodies = JsonBodies()

        def route(path: str, serve: Callable[[Request], Awaitable[Response]], method: str) -> Route:
            return Route(_ROOT + path, guard(serve, token), methods=[method])

        self.routes = [
            route("alerts/", self.list_alerts, "GET"),
            route("alerts/{id}/", self.read_alert, "GET"),
            route("alerts/{id}/runs/", self.list_runs, "GET"),
            route("alerts/{id}/run/", self.run_alert, "POST"),
            route("alerts/{id}/snooze/", self.snooze_alert, "PUT"),
            route("deliveries/", self.list_deliveries, "GET"),
            route("deliveries/{id}/retry/", self.retry_delivery, "POST"),
        ]

    async def list_alerts(self, _request: Request) -> Response:
        """Answer how all alerts stand."""
        return JSONResponse(await run_in_threadpool(self._alerting.describe_all))

    async def read_alert(self, request: Request) -> Response:
        """Answer how an alert stands.

        Raises:
            Refusal: There is no such alert.
        """
        return JSONResponse(await run_in_threadpool(self._alerting.describe, _identifier(request)))

    async def list_runs(self, request: Request) -> Response:
        """Answer with runs of an alert, the newest first.

        Raises:
            Refusal: There is no such alert or run, or it is no such request.
        """
        asked = _read_query(RunListing, request)
        before = None if asked.before is None else str(asked.before)

        def list_them() -> Any:
            return self._alerting.list_runs(_identifier(request), limit=asked.limit, before=before)

        return JSONResponse(await run_in_threadpool(list_them))

    async def run_alert(self, request: Request) -> Response:
        """Run an alert, and answer with the run.

        Raises:
            Refusal: There is no such alert, or it is not active.
        """
        run = await run_in_threadpool(self._alerting.run_now, _identifier(request))
        return JSONResponse(run.show())

    async def snooze_alert(self, request: Request) -> Response:
        """Snooze an alert, or wake it.

        Raises:
            Refusal: There is no such alert, or the body is none.
        """
        asked = check_body(Snooze, await self._bodies.read(request))
        until = await run_in_threadpool(self._alerting.snooze, _identifier(request), asked.until)
        written = None if until is None else write_timestamp(until)
        return JSONResponse({"snoozed_until": written})

    async def list_deliveries(self, request: Request) -> Response:
        """Answer with deliveries, the newest first.

        Raises:
            Refusal: It is no such request.
        """
        asked = _read_query(DeliveryListing, request)
        alert_id = None if asked.alert_id is None else str(asked.alert_id)

        def list_them() -> Any:
            return self._alerting.list_deliveries(limit=asked.limit, alert_id=alert_id)

        return JSONResponse(await run_in_threadpool(list_them))

    async def retry_delivery(self, request: Request) -> Response:
        """Let a delivery be tried at once, and answer with it.

        Raises:
            Refusal: There is no such delivery, or it was delivered.
        """
        return JSONResponse(await run_in_threadpool(self._alerting.retry, _identifier(request)))


def _identifier(request: Request) -> str:
    identifier = read_identifier(request, "id")
    assert identifier is not None  # noqa: S101 - the route has it
    return identifier


def _read_query(model: type[_Asked], request: Request) -> _Asked:
    try:
        return model.model_validate(dict(request.query_params))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise Refusal(422, [{**each, "loc": ["query", *each["loc"]]} for each in found]) from error
