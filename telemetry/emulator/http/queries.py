"""Answer SQL: Logfire's query API, of today and of yesterday.

https://logfire.pydantic.dev/docs/how-to-guides/query-api/#making-direct-http-requests
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    Field,
    ValidationError,
)
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route

from telemetry.emulator.engine import DEFAULT_LIMIT, MAX_LIMIT, Query
from telemetry.emulator.engine.results import FORMATS, JSON, encode_columns, encode_rows
from telemetry.emulator.http.authentication import check_token
from telemetry.emulator.http.bodies import MemoryBudget, read_body
from telemetry.emulator.http.refusals import Refusal
from telemetry.errors import QueryError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from telemetry.emulator.engine import Engine, QueryResult

_Asked = TypeVar("_Asked", bound="QueryRequest")

_MAX_BODY: Final = 2**20
_BUDGET: Final = 64 * 2**20


def _check_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise ValueError(f"no time zone {name!r}: name one as Europe/Paris or UTC") from None
    return name


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class QueryRequest(BaseModel):
    """Hold what is asked: the body of ``POST /v2/query``."""

    sql: str
    min_timestamp: AwareDatetime
    max_timestamp: AwareDatetime | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    timezone: Annotated[str, AfterValidator(_check_time_zone)] | None = None
    deployment_environment: Annotated[list[str], BeforeValidator(_as_list)] | None = None
    explain: bool = False
    include_schema: bool = True

    def to_query(self) -> Query:
        """Return it as the engine takes it."""
        environments = self.deployment_environment
        return Query(
            sql=self.sql,
            min_timestamp=self.min_timestamp,
            max_timestamp=self.max_timestamp,
            limit=self.limit,
            timezone=self.timezone,
            environments=None if environments is None else tuple(environments),
            explain=self.explain,
        )


class OldQueryRequest(QueryRequest):
    """Hold what is asked in the query string of ``GET /v1/query``."""

    min_timestamp: AwareDatetime | None = None  # type: ignore[assignment]  # it may be left out
    json_rows: bool = False


class Queries:
    """Serve the query API.

    Args:
        engine: What runs the queries.
        token: The only one that is let in; None lets any in.
    """

    def __init__(self, engine: Engine, token: str | None) -> None:
        self._engine = engine
        self._token = token
        self._budget = MemoryBudget(_BUDGET)
        self.routes = [
            Route("/v2/query", self.query, methods=["POST"]),
            Route("/v1/query", self.query_as_before, methods=["GET"]),
        ]

    async def query(self, request: Request) -> Response:
        """Answer ``POST /v2/query``.

        Raises:
            Refusal: It is no such request, or it cannot be run.
        """
        check_token(request, self._token)
        body = await read_body(request, self._budget, limit=_MAX_BODY)
        try:
            asked = _validate(QueryRequest.model_validate_json, body)
        finally:
            self._budget.give_back(len(body))
        media_type = _find_media_type(request)
        result = await self._run(asked)
        encoded = await run_in_threadpool(
            lambda: b"".join(FORMATS[media_type](result, include_schema=asked.include_schema))
        )
        return Response(encoded, media_type=media_type)

    async def query_as_before(self, request: Request) -> Response:
        """Answer ``GET /v1/query``, which clients before version 2 of the API send.

        Raises:
            Refusal: It is no such request, or it cannot be run.
        """
        check_token(request, self._token)
        parameters: dict[str, Any] = dict(request.query_params)
        environments = request.query_params.getlist("deployment_environment")
        if environments:
            parameters["deployment_environment"] = environments
        asked = _validate(OldQueryRequest.model_validate, parameters)
        media_type = _find_media_type(request)
        result = await self._run(asked)
        if media_type != JSON:
            encoded = await run_in_threadpool(lambda: b"".join(FORMATS[media_type](result)))
        else:
            encode = encode_rows if asked.json_rows else encode_columns
            encoded = await run_in_threadpool(encode, result)
        return Response(encoded, media_type=media_type)

    async def _run(self, asked: QueryRequest) -> QueryResult:
        try:
            return await self._engine.run(asked.to_query())
        except QueryError as error:
            raise Refusal(400, str(error)) from error
        except StoreUnavailable as error:
            raise Refusal(503, str(error), retry_after=5) from error


def _validate(validate: Callable[[Any], _Asked], given: bytes | dict[str, Any]) -> _Asked:
    try:
        return validate(given)
    except ValidationError as error:
        # As FastAPI has it, which Logfire's clients are used to.
        raise Refusal(
            422, error.errors(include_url=False, include_context=False, include_input=False)
        ) from error


def _find_media_type(request: Request) -> str:
    """Return the first format asked for that there is; JSON where any will do.

    Raises:
        Refusal: None of those asked for is there.
    """
    accept = request.headers.get("accept", "")
    wanted = [part.partition(";")[0].strip().lower() for part in accept.split(",") if part.strip()]
    for media_type in wanted:
        if media_type in FORMATS:
            return media_type
        if media_type in {"*/*", "application/*"}:
            return JSON
    if not wanted:
        return JSON
    raise Refusal(406, f"no format of {accept!r} is supported: accept {', '.join(FORMATS)}")
