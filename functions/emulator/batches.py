"""BatchCreateTasks: up to a hundred tasks in one commit, answered with a finished operation.

https://cloud.google.com/tasks/docs/reference/rpc/google.cloud.tasks.v2#batchcreatetasksrequest
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc

from functions.emulator.admission import AdmittedTask, admit
from functions.emulator.clock import SECOND
from functions.emulator.durations import set_micros
from functions.emulator.messages import (
    BatchCreateTasksMetadata,
    BatchCreateTasksResponse,
    BatchState,
    Operation,
)
from functions.emulator.store import Insertion
from functions.errors import CallRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.emulator.dispatcher import Dispatcher, HostedQueue
    from functions.emulator.store import TaskStore

MAX_BATCH = 100
# How long a finished operation can be looked up, and a request_id tells a repeated call.
_OPERATION_KEPT = 3600 * SECOND
_REQUEST_ID = re.compile(r"[A-Za-z0-9._~-]{1,100}")


@dataclass(frozen=True, slots=True)
class _Member:
    """Hold one task of a batch: how to store it, and what follows from having stored it."""

    index: int
    task: AdmittedTask
    job: Callable[[TaskStore], Insertion]
    then: Callable[[Insertion], None]


class TaskBatch:
    """Create the tasks of one ``BatchCreateTasksRequest``, each as if it had come alone.

    Args:
        request: The request, which is changed on the way.
        queue: The queue it is for.
        dispatcher: Who takes the tasks in.
        now: Microseconds since 1970.

    Raises:
        CallRefused: INVALID_ARGUMENT: the batch as a whole is not valid.
    """

    def __init__(
        self, request: Any, *, queue: HostedQueue, dispatcher: Dispatcher, now: int
    ) -> None:
        _check(request)
        self._now = now
        # The same id in another queue is another request; a queue's id has no dot.
        request_id = f"{queue.name.queue_id}.{request.request_id or uuid.uuid4().hex}"
        self._name = f"{queue.name.location}/operations/{request_id}"
        self._refused: dict[int, CallRefused] = {}
        self._members: list[_Member] = []
        for index, one in enumerate(request.requests):
            try:
                task = admit(one.task, queue=queue.name, now=now, view=one.response_view)
            except CallRefused as refusal:
                self._refused[index] = refusal
            else:
                job, then = dispatcher.insertion(queue, task)
                self._members.append(_Member(index, task, job, then))
        self._insertions: list[Insertion] = []

    def store(self, store: TaskStore) -> bytes:
        """Insert the tasks and keep the operation; the writer's job.

        Returns:
            The serialised ``Operation``: that of the first call, when this one repeats its
            ``request_id``, and then nothing is inserted.
        """
        earlier = store.read_operation(self._name)
        if earlier is not None:
            return earlier
        self._insertions = [member.job(store) for member in self._members]
        message: bytes = self._operation().SerializeToString()
        store.insert_operation(self._name, message, kept_until=self._now + _OPERATION_KEPT)
        return message

    def accept(self, _operation: bytes) -> None:
        """Take the tasks in once they are durable; runs in the event loop."""
        if self._insertions:
            for member, insertion in zip(self._members, self._insertions, strict=True):
                member.then(insertion)

    def _operation(self) -> Any:
        metadata = BatchCreateTasksMetadata()
        response = BatchCreateTasksResponse()
        for member, insertion in zip(self._members, self._insertions, strict=True):
            try:
                refuse_duplicate(insertion)
            except CallRefused as refusal:
                self._refused[member.index] = refusal
            else:
                response.tasks.append(member.task.view)
        for index, why in sorted(self._refused.items()):
            metadata.failed_requests[index].code = _code(why.status)
            metadata.failed_requests[index].message = str(why)
        metadata.state = BatchState.PARTIALLY_SUCCEEDED if self._refused else BatchState.SUCCEEDED
        set_micros(metadata.start_time, self._now)
        set_micros(metadata.end_time, self._now)
        operation = Operation(name=self._name, done=True)
        operation.metadata.Pack(metadata)
        if response.tasks:
            operation.response.Pack(response)
        else:
            operation.error.code = _code("ABORTED")
            operation.error.message = (
                "None of the requests succeeded, refer to BatchCreateTasksMetadata.failed_requests "
                "for individual error details"
            )
        return operation


def refuse_duplicate(insertion: Insertion) -> None:
    """Refuse a task whose name is taken.

    Raises:
        CallRefused: ALREADY_EXISTS: its name lives, or was used within the last hour.
    """
    if insertion is Insertion.LIVE:
        raise CallRefused("ALREADY_EXISTS", "Requested entity already exists")
    if insertion is Insertion.RESTING:
        raise CallRefused(
            "ALREADY_EXISTS",
            "The task cannot be created because a task with this name existed too recently.",
        )


def _code(status: str) -> int:
    number, _ = grpc.StatusCode[status].value
    return int(number)


def _check(request: Any) -> None:
    if not request.requests:
        _refuse("BatchCreateTasksRequest.requests is required.")
    if len(request.requests) > MAX_BATCH:
        _refuse(f"BatchCreateTasksRequest.requests must be no more than {MAX_BATCH}.")
    if request.request_id and not _REQUEST_ID.fullmatch(request.request_id):
        _refuse("BatchCreateTasksRequest.request_id must be 1 to 100 URL-safe characters.")
    for one in request.requests:
        if one.parent != request.parent:
            _refuse(
                f"CreateTaskRequest.parent ('{one.parent[:200]}') must be the same as "
                f"BatchCreateTasksRequest.parent ('{request.parent}')."
            )


def _refuse(message: str) -> None:
    raise CallRefused("INVALID_ARGUMENT", message)
