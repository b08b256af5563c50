"""Whom the pages ask for telemetry: a Logfire query API, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import httpx
from logfire.query_client import (
    AsyncLogfireQueryClient,
    QueryExecutionError,
    QueryRequestError,
    UnexpectedResponseError,
)
from pydantic import BaseModel

from telemetry.errors import QueryError
from telemetry.preview.asking import Answer
from telemetry.refusals import describe_refusal
from telemetry.terminal import clean

if TYPE_CHECKING:
    from datetime import datetime

_TIMEOUT: Final = 60.0
_AT_ONCE: Final = 32
"""Connections: more panels than that wait for one."""

MOST_ROWS: Final = 1000
"""Rows of an answer, unless asked for others; as many as a chart can show."""


class _Column(BaseModel):
    name: str


class _Result(BaseModel):
    columns: tuple[_Column, ...]
    rows: tuple[dict[str, Any], ...]


class Source:
    """Ask a query API, several questions at a time.

    Args:
        url: Where it is.
        token: What it lets read.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._client = AsyncLogfireQueryClient(
            token,
            base_url=url,
            timeout=httpx.Timeout(_TIMEOUT),
            limits=httpx.Limits(max_connections=_AT_ONCE),
        )

    async def ask(
        self, sql: str, *, since: datetime, until: datetime, limit: int = MOST_ROWS
    ) -> Answer:
        """Return what a query returns.

        Args:
            sql: The query, without variables.
            since: The rows are not older.
            until: Nor younger.
            limit: How many rows at most.

        Raises:
            QueryError: With the server's own message, or why there is none.
        """
        try:
            result: Any = await self._client.query_json_rows(
                sql, min_timestamp=since, max_timestamp=until, limit=limit
            )
            read = _Result.model_validate(result)
        except (QueryExecutionError, QueryRequestError) as error:
            raise QueryError(describe_refusal(error.args[0])) from error
        except UnexpectedResponseError as error:
            raise QueryError(clean(f"{self._url}: {error}")) from error
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise QueryError(f"{self._url} does not answer: {reason}. Is it up?") from error
        # Logfire's client reads what it got without a look at it.
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise QueryError(
                f"{self._url} answers otherwise than Logfire does. Is it a query API?"
            ) from error
        return Answer(tuple(column.name for column in read.columns), read.rows)

    async def close(self) -> None:
        """Close its connections."""
        await self._client.client.aclose()
