"""What the emulator knows of a task: how to send it, and how its attempts went."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.emulator.retries import RetryPolicy

NO_RESPONSE = 0  # the "HTTP status" of an attempt that reached nobody
TIMED_OUT = 504  # the service reports a missed deadline so, in X-CloudTasks-TaskPreviousResponse


@dataclass(frozen=True, slots=True)
class HttpCall:
    """Hold the HTTP request of a task as it is sent, but for the headers of the attempt.

    Args:
        method: ``POST``, ``GET``, …
        url: The full URL.
        headers: The headers of the task.
        body: The body; empty for methods without one.
        deadline: Seconds the target has to answer in full.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    deadline: float

    @property
    def size(self) -> int:
        """Return about how many bytes of memory this holds."""
        return 500 + len(self.url) + len(self.body) + 150 * len(self.headers)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Hold how one attempt ended.

    Args:
        http_status: The target's answer, or ``TIMED_OUT`` or ``NO_RESPONSE``.
        responded: Whether the target answered in full.
        reason: What went wrong, for a human; empty after a success.
        retry_after: Seconds the target asked to be left alone.
    """

    http_status: int
    responded: bool
    reason: str = ""
    retry_after: int = 0

    @property
    def succeeded(self) -> bool:
        """Say whether the task is done: only a 2xx answer is success, a redirect is not."""
        return self.responded and 200 <= self.http_status < 300  # noqa: PLR2004 - HTTP's own

    @property
    def executed(self) -> bool:
        """Say whether ``X-CloudTasks-TaskExecutionCount`` counts this: 5xx answers are left out."""
        return self.responded and self.http_status < 500  # noqa: PLR2004 - HTTP's own


@dataclass(frozen=True, slots=True)
class AttemptLog:
    """Count a task's finished attempts and keep the last one; times are microseconds since 1970."""

    dispatches: int = 0
    responses: int = 0
    executions: int = 0
    first_dispatch: int = 0
    last_schedule: int = 0
    last_dispatch: int = 0
    last_response: int = 0  # 0: the attempt got no response
    last_status: int = NO_RESPONSE
    last_reason: str = ""

    def add(self, outcome: Outcome, *, schedule: int, dispatch: int, now: int) -> AttemptLog:
        """Return the log with one more attempt: when it was due, dispatched and ended."""
        return AttemptLog(
            dispatches=self.dispatches + 1,
            responses=self.responses + outcome.responded,
            executions=self.executions + outcome.executed,
            first_dispatch=self.first_dispatch or dispatch,
            last_schedule=schedule,
            last_dispatch=dispatch,
            last_response=now if outcome.responded else 0,
            last_status=outcome.http_status,
            last_reason=outcome.reason,
        )


NEVER_TRIED = AttemptLog()


@dataclass(slots=True, eq=False)
class QueuedTask:
    """Hold what must be in memory of a task that is not finished.

    Args:
        key: The row of the task in the store.
        task_id: Its bare id.
        named: Whether the caller chose the id, which then rests for a while once the task is done.
        created: When it was created (microseconds since 1970).
        due: When it may be dispatched next.
        policy: Its own retry policy, which goes before the queue's.
        call: Its request, where memory allows; without it the store has it.
        attempts: How its finished attempts went.
        dispatched: When the attempt under way began; 0 when none is.
        gone: Whether it was finished or deleted.
    """

    key: int
    task_id: str
    named: bool
    created: int
    due: int
    policy: RetryPolicy | None = None
    call: HttpCall | None = None
    attempts: AttemptLog = field(default=NEVER_TRIED)
    dispatched: int = 0
    gone: bool = False
