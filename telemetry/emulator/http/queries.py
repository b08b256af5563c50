"""Answer SQL: Logfire's query API, of today and of yesterday.

https://logfire.pydantic.dev/docs/how-to-guides/query-api/#making-direct-http-requests
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route

from telemetry.emulator.engine import DEFAULT_LIMIT, MAX_LIMIT, Query
from telemetry.emulator.engine.results import FORMATS, encode_columns, encode_rows
from telemetry.emulator.http.authentication import check_token
from telemetry.emulator.http.bodies import MemoryBudget, read_body
from telemetry.emulator.http.refusals import Refusal
from telemetry.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from telemetry.emulator.engine import Engine, QueryResult

_MAX_BODY: Final = 2**20
_BUDGET: Final = 64 * 2**20


def _known_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError):
        raise ValueError(f"no time zone {name!r}: name one as Europe/Paris or UTC") from None
    return name


class QueryRequest(BaseModel):
    """Hold the body of ``POST /v2/query``."""

    sql: str
    min_timestamp: AwareDatetime
    max_timestamp: AwareDatetime | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    timezone: Annotated[str, AfterValidator(_known_time_zone)] | None = None
    deployment_environment: list[str] | None = None
    explain: bool = False
    include_schema: bool = True


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
            Route("/v1/query", self.query_v1, methods=["GET"]),
        ]
