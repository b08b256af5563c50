"""Hand tasks to Cloud Tasks.

One path for production and for a laptop: the real client, which talks to the service or, where
``CLOUD_TASKS_EMULATOR_HOST`` is set, to an emulator.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Final, Protocol

from functions.errors import DeclarationError, DispatchError, QueueMissing
from telemetry import producer_span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from google.cloud import tasks_v2

    from functions.pipeline import Pipeline, Stage
    from functions.runtime.outbox import OutboxEntry

EMULATOR_HOST: Final = "CLOUD_TASKS_EMULATOR_HOST"

_BATCH_TASKS: Final = 100
"""BatchCreateTasks takes at most 100 requests
(https://cloud.google.com/python/docs/reference/cloudtasks/latest)."""

_BATCH_BYTES: Final = 2_000_000
"""Well below the 4 MiB that a gRPC server takes in one message unless told otherwise."""

_TIMEOUT: Final = 10.0
"""Seconds for one call; the sweeper tries again later what was not sent in time."""


@dataclass(slots=True)
class Sending:
    """Say what became of the tasks that were to be sent.

    Attributes:
        sent: Ids of tasks that the queue has, or had before.
        failures: Why others were not taken; they stay in the outbox.
    """

    sent: list[str] = field(default_factory=list)
    failures: list[DispatchError] = field(default_factory=list)


class Dispatcher(Protocol):
    """Hand outbox entries to a queue service."""

    def function_url(self, stage: Stage) -> str:
        """Return where a stage's function answers."""
        ...

    def send(self, entries: Sequence[OutboxEntry]) -> Sending:
        """Create the tasks; one that exists already counts as sent. Never raises for one task."""
        ...

    def holds(self, stage: Stage, task_id: str) -> bool:
        """Tell whether a stage's queue still has a task, waiting or under way.

        Raises:
            DispatchError: Nobody can tell: the service is out of reach, or there is no such queue.
        """
        ...


class CloudTasksDispatcher:
    """Create tasks with the ``google-cloud-tasks`` client.

    Args:
        pipeline: Gives each stage's queue and deadline.
        project: The Google Cloud project.
        location: The region of the queues.
        base_url: Where the functions answer; a function's name is appended.
        queue_prefix: Put before each queue's name, to keep environments apart in one project.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        project: str,
        location: str,
        base_url: str,
        queue_prefix: str = "",
    ) -> None:
        self.pipeline = pipeline
        self._parent = f"projects/{project}/locations/{location}"
        self._base_url = base_url.rstrip("/")
        self._prefix = queue_prefix

    @cached_property
    def client(self) -> tasks_v2.CloudTasksClient:
        """The client, made when the first task is sent."""
        return connect_to_cloud_tasks()

    def queue_path(self, stage: Stage) -> str:
        """Return the full name of a stage's queue."""
        return f"{self._parent}/queues/{self._prefix}{stage.queue}"

    def function_url(self, stage: Stage) -> str:
        """Return where a stage's function answers."""
        return f"{self._base_url}/{stage.function}"

    def holds_tasks(self) -> bool:
        """Tell whether any queue holds a task, waiting or under way.

        Raises:
            DispatchError: The service is out of reach.
        """
        from google.api_core.exceptions import GoogleAPIError  # noqa: PLC0415

        for stage in self.pipeline.stages:
            queue = self.queue_path(stage)
            try:
                pager = self.client.list_tasks(
                    request={"parent": queue, "page_size": 1}, timeout=_TIMEOUT
                )
                if next(iter(pager), None) is not None:
                    return True
            except GoogleAPIError as error:
                raise _explain(error, stage, queue) from error
        return False

    def holds(self, stage: Stage, task_id: str) -> bool:
        """Tell whether a stage's queue still has a task, waiting or under way.

        Raises:
            DispatchError: The service is out of reach, or there is no such queue: a name that is
                wrong here must not look like a task that is gone.
        """
        from google.api_core.exceptions import GoogleAPIError, NotFound  # noqa: PLC0415
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415

        queue = self.queue_path(stage)
        try:
            try:
                self.client.get_task(name=f"{queue}/tasks/{task_id}", timeout=_TIMEOUT)
            except NotFound:
                self.client.get_queue(name=queue, timeout=_TIMEOUT)
                return False
        except (GoogleAPIError, GoogleAuthError) as error:
            raise _explain(error, stage, queue) from error
        return True

    def send(self, entries: Sequence[OutboxEntry]) -> Sending:
        """Create the tasks, those for one queue in batches; one that exists counts as sent."""
        sending = Sending()
        by_stage = sorted(entries, key=lambda entry: entry.stage)
        for name, group in groupby(by_stage, key=lambda entry: entry.stage):
            try:
                stage = self.pipeline.stage(name)
            except DeclarationError as error:
                sending.failures.append(DispatchError(f"tasks for {name!r} stay: {error}"))
                continue
            for batch in split_batches(group):
                with producer_span(stage.queue, batch=[entry.ctx for entry in batch]):
                    if len(batch) == 1:
                        self._create(stage, batch[0], sending)
                    else:
                        self._create_batch(stage, batch, sending)
        return sending

    def _create(self, stage: Stage, entry: OutboxEntry, sending: Sending) -> None:
        from google.api_core.exceptions import AlreadyExists, GoogleAPIError  # noqa: PLC0415
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415

        try:
            self.client.create_task(request=self._request(stage, entry), timeout=_TIMEOUT)
        except AlreadyExists:
            sending.sent.append(entry.task_id)
        except (GoogleAPIError, GoogleAuthError) as error:
            sending.failures.append(_explain(error, stage, self.queue_path(stage)))
        else:
            sending.sent.append(entry.task_id)

    def _create_batch(self, stage: Stage, batch: list[OutboxEntry], sending: Sending) -> None:
        from google.api_core.exceptions import (  # noqa: PLC0415
            GoogleAPIError,
            MethodNotImplemented,
        )
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415
        from google.cloud import tasks_v2  # noqa: PLC0415
        from google.rpc import code_pb2  # noqa: PLC0415

        requests = [self._request(stage, entry) for entry in batch]
        try:
            operation = self.client.batch_create_tasks(
                request=tasks_v2.BatchCreateTasksRequest(
                    parent=self.queue_path(stage), requests=requests
                ),
                timeout=_TIMEOUT,
            )
            operation.result(timeout=_TIMEOUT)  # type: ignore[no-untyped-call]
        except MethodNotImplemented:
            for entry in batch:  # an older emulator
                self._create(stage, entry, sending)
            return
        except (GoogleAPIError, GoogleAuthError, TimeoutError) as error:
            sending.failures.append(_explain(error, stage, self.queue_path(stage)))
            return
        failed = operation.metadata.failed_requests
        for index, entry in enumerate(batch):
            status = failed.get(index)
            if status is None or status.code == code_pb2.ALREADY_EXISTS:
                sending.sent.append(entry.task_id)
            else:
                sending.failures.append(
                    DispatchError(f"task {entry.task_id} for {stage.queue}: {status.message}")
                )

    def _request(self, stage: Stage, entry: OutboxEntry) -> tasks_v2.CreateTaskRequest:
        from google.cloud import tasks_v2  # noqa: PLC0415

        queue = self.queue_path(stage)
        task = tasks_v2.Task(
            name=f"{queue}/tasks/{entry.task_id}",
            http_request=tasks_v2.HttpRequest(
                http_method=tasks_v2.HttpMethod.POST,
                url=self.function_url(stage),
                headers={"Content-Type": "application/json"},
                body=entry.body,
            ),
            dispatch_deadline=stage.deadline,
        )
        if entry.not_before is not None:
            task.schedule_time = entry.not_before
        return tasks_v2.CreateTaskRequest(parent=queue, task=task)


class NoDispatcher:
    """Leave every task in the outbox, for the sweeper of a process that has a way to the queues.

    For commands that work on a store while no queue is up.

    Args:
        pipeline: What the tasks are of.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline

    def function_url(self, stage: Stage) -> str:
        """Return the function's name: nothing answers here."""
        return stage.function

    def send(self, entries: Sequence[OutboxEntry]) -> Sending:  # noqa: ARG002 - none is sent
        """Send nothing, which is no failure."""
        return Sending()

    def holds(self, stage: Stage, task_id: str) -> bool:
        """Refuse to tell.

        Raises:
            DispatchError: Always.
        """
        raise DispatchError(f"no queue is up to say whether {stage.queue} holds {task_id}")


def connect_to_cloud_tasks() -> tasks_v2.CloudTasksClient:
    """Return a client of the service, or of the emulator that the environment names."""
    from google.cloud import tasks_v2  # noqa: PLC0415

    emulator = os.environ.get(EMULATOR_HOST)
    if not emulator:
        return tasks_v2.CloudTasksClient()
    import grpc  # noqa: PLC0415
    from google.cloud.tasks_v2.services.cloud_tasks.transports import (  # noqa: PLC0415
        CloudTasksGrpcTransport,
    )

    return tasks_v2.CloudTasksClient(
        transport=CloudTasksGrpcTransport(
            # An emulator is on this machine: no proxy of the environment leads there.
            channel=grpc.insecure_channel(emulator, options=[("grpc.enable_http_proxy", 0)])
        )
    )


def split_batches(entries: Iterable[OutboxEntry]) -> Iterator[list[OutboxEntry]]:
    """Split tasks into as many as go into one call, or into one commit."""
    batch: list[OutboxEntry] = []
    size = 0
    for entry in entries:
        if batch and (len(batch) == _BATCH_TASKS or size + len(entry.body) > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += len(entry.body)
    if batch:
        yield batch


def _explain(error: Exception, stage: Stage, queue: str) -> DispatchError:
    from google.api_core.exceptions import NotFound  # noqa: PLC0415

    if isinstance(error, NotFound):
        return QueueMissing(f"no queue {queue}: create it as functions/pipeline.py declares it")
    return DispatchError(f"{queue}, the queue of {stage.name}, did not do as asked: {error}")
