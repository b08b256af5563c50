"""One attempt: the HTTP request to a task's target, and what came of it.

The target is not to be trusted: what it sends is bounded in size by this module and in time by the
task's deadline, redirects are not followed, and nothing is decompressed or remembered.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import aiohttp

from functions.emulator.clock import SECOND
from functions.emulator.records import NO_RESPONSE, TIMED_OUT, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.emulator.records import AttemptLog, HttpCall

# A longer answer is cut off, which costs its connection; only the status matters.
_MAX_ANSWER = 64 * 1024
# Shorter than common servers keep an idle connection (gunicorn 2 s, uvicorn 5 s), so that a request
# does not meet a connection its target is about to close.
_IDLE_SECONDS = 1.0
_REASON = 300  # characters kept of what went wrong
_OVERLOADED = frozenset({429, 503})
_LONGEST_RETRY_AFTER = 3600
_SECONDS = re.compile(r"[0-9]{1,9}")
_OWN_HEADERS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class Courier:
    """Send tasks to their targets over pooled connections; needs a running event loop."""

    def __init__(self) -> None:
        self._session = aiohttp.ClientSession(
            # How many deliveries run at a time is the dispatcher's business.
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=_OWN_HEADERS,
        )

    async def attempt(self, call: HttpCall, headers: Mapping[str, str]) -> Outcome:
        """Send a request once and say how it ended; only being cancelled raises.

        Args:
            call: The task's request.
            headers: The headers of this attempt, which go beside the task's own.
        """
        try:
            async with self._session.request(
                call.method,
                call.url,
                data=call.body or None,
                headers={**call.headers, **headers},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=call.deadline),
            ) as response:
                await _drain(response)
        except TimeoutError:
            return Outcome(TIMED_OUT, responded=False, reason=f"no answer within {call.deadline} s")
        except Exception as error:  # noqa: BLE001 - whatever a target provokes is a failed attempt
            reason = f"{type(error).__name__}: {error}"
            return Outcome(NO_RESPONSE, responded=False, reason=reason[:_REASON])
        succeeded = 200 <= response.status < 300  # noqa: PLR2004 - HTTP's own
        reason = "" if succeeded else f"HTTP status code {response.status}"
        after = retry_after(response.status, response.headers.get("Retry-After", ""))
        return Outcome(response.status, responded=True, reason=reason, retry_after=after)

    async def close(self) -> None:
        """Close the pooled connections."""
        await self._session.close()


def retry_after(status: int, header: str) -> int:
    """Return the seconds a target asks for; 0 where it does not.

    "The retry specified in the Retry-After HTTP response header is considered", when a target is
    overloaded: 429 or 503. It may give seconds or a date
    (https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3). How far the service goes along is not
    said; here it is an hour.

    Source: https://cloud.google.com/tasks/docs/reference/rpc/google.cloud.tasks.v2#httprequest
    """
    if status not in _OVERLOADED:
        return 0
    if _SECONDS.fullmatch(header):
        return min(int(header), _LONGEST_RETRY_AFTER)
    try:
        wait = parsedate_to_datetime(header) - datetime.now(UTC)
    except (TypeError, ValueError, OverflowError):
        return 0
    return min(max(int(wait.total_seconds()), 0), _LONGEST_RETRY_AFTER)


def attempt_headers(
    queue_id: str, task_id: str, *, due: int, attempts: AttemptLog
) -> dict[str, str]:
    """Return the headers that tell a handler about its task.

    ``TaskRetryCount`` counts the dispatches before this one, ``TaskExecutionCount`` those that got
    an answer below 500. The last two come with retries only; to HTTP targets the service sends
    the reason empty.

    Source: https://cloud.google.com/tasks/docs/creating-http-target-tasks#handler

    Args:
        queue_id: The queue's bare id.
        task_id: The task's bare id.
        due: When the attempt was due (microseconds since 1970).
        attempts: The attempts before.
    """
    headers = {
        "X-CloudTasks-QueueName": queue_id,
        "X-CloudTasks-TaskName": task_id,
        "X-CloudTasks-TaskRetryCount": str(attempts.dispatches),
        "X-CloudTasks-TaskExecutionCount": str(attempts.executions),
        "X-CloudTasks-TaskETA": f"{due // SECOND}.{due % SECOND:06d}",
    }
    if attempts.dispatches:
        headers["X-CloudTasks-TaskPreviousResponse"] = str(attempts.last_status)
        headers["X-CloudTasks-TaskRetryReason"] = ""
    return headers


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read an answer to its end, so that its connection can be used again, or give up on it."""
    room = _MAX_ANSWER
    while room > 0:
        chunk = await response.content.read(room)
        if not chunk:
            return
        room -= len(chunk)
    response.close()
