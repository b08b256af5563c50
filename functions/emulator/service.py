"""The gRPC face of the emulator: google.cloud.tasks.v2.CloudTasks.

Each method is the service's, with its statuses and messages:
https://cloud.google.com/tasks/docs/reference/rpc/google.cloud.tasks.v2#cloudtasks
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc

from functions.emulator import messages, settings
from functions.emulator.admission import admit
from functions.emulator.batches import TaskBatch, refuse_duplicate
from functions.emulator.dispatcher import NAME_RESTS
from functions.emulator.names import parse_location, parse_queue, parse_task
from functions.emulator.pages import page_size, page_token, read_token
from functions.emulator.views import view_of, wants_body
from functions.errors import CallRefused, EmulatorError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from functions.emulator.clock import Clock
    from functions.emulator.dispatcher import Dispatcher, HostedQueue
    from functions.emulator.registry import Registry
    from functions.emulator.store import StoredTask
    from functions.emulator.writer import Writer

    Method = Callable[[Any], Awaitable[Any]]

_TASKS = "/google.cloud.tasks.v2.CloudTasks/"
_OPERATIONS = "/google.longrunning.Operations/"
# The largest pages the service gives: https://cloud.google.com/tasks/docs/quotas
_QUEUES_PAGE, _TASKS_PAGE = 9800, 1000
# A gRPC client takes 4 MiB unless told otherwise, so a page of tasks ends well before.
_PAGE_BYTES = 3 * 2**20


class CloudTasksService(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # takes every message type
    """Answer the calls of a Cloud Tasks client.

    Args:
        registry: The queues.
        dispatcher: Who takes tasks in.
        writer: Where everything is made durable.
        clock: What time it is.
    """

    def __init__(
        self, *, registry: Registry, dispatcher: Dispatcher, writer: Writer, clock: Clock
    ) -> None:
        self._registry = registry
        self._dispatcher = dispatcher
        self._writer = writer
        self._clock = clock
        self._closed = False
        self._handlers = {
            path: self._handler(method, request)
            for path, method, request in (
                (f"{_TASKS}CreateQueue", self._create_queue, messages.CreateQueueRequest),
                (f"{_TASKS}GetQueue", self._get_queue, messages.GetQueueRequest),
                (f"{_TASKS}ListQueues", self._list_queues, messages.ListQueuesRequest),
                (f"{_TASKS}UpdateQueue", self._update_queue, messages.UpdateQueueRequest),
                (f"{_TASKS}CreateTask", self._create_task, messages.CreateTaskRequest),
                (f"{_TASKS}BatchCreateTasks", self._batch, messages.BatchCreateTasksRequest),
                (f"{_TASKS}GetTask", self._get_task, messages.GetTaskRequest),
                (f"{_TASKS}ListTasks", self._list_tasks, messages.ListTasksRequest),
                (f"{_TASKS}DeleteTask", self._delete_task, messages.DeleteTaskRequest),
                (f"{_OPERATIONS}GetOperation", self._get_operation, messages.GetOperationRequest),
            )
        }

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Return what answers a method; one that this emulator lacks says so."""
        path = handler_call_details.method
        return self._handlers.get(path) or _unimplemented(path)

    def close(self) -> None:
        """Refuse every call from now on: UNAVAILABLE, which clients take as a reason to wait."""
        self._closed = True

    async def _create_queue(self, request: Any) -> Any:
        location = parse_location(request.parent)
        name = parse_queue(request.queue.name)
        if name.location != location:
            raise CallRefused("INVALID_ARGUMENT", f"{name.full} must begin with {location}.")
        queue = await self._add_queue(settings.complete(request.queue))
        if queue is None:
            raise CallRefused("ALREADY_EXISTS", "Queue already exists")
        return queue.message

    async def _get_queue(self, request: Any) -> Any:
        return self._registry.get(request.name).message

    async def _list_queues(self, request: Any) -> Any:
        location = parse_location(request.parent)
        if request.filter:
            raise CallRefused(
                "UNIMPLEMENTED", "ListQueuesRequest.filter is not implemented by this emulator."
            )
        size = page_size(request.page_size, most=_QUEUES_PAGE)
        after = read_token(location, request.page_token)
        queues = [each for each in self._registry.in_location(location) if each.name.full > after]
        response = messages.ListQueuesResponse(queues=[each.message for each in queues[:size]])
        if len(queues) > size:
            response.next_page_token = page_token(location, queues[size - 1].name.full)
        return response

    async def _update_queue(self, request: Any) -> Any:
        parse_queue(request.queue.name)
        queue = self._registry.find(request.queue.name)
        if queue is None:
            # "This method creates the queue if it does not exist".
            queue = await self._add_queue(settings.complete(request.queue))
            if queue is not None:
                return queue.message
            queue = self._registry.get(request.queue.name)  # somebody else was quicker
        merged = settings.merge(queue.message, request.queue, request.update_mask)
        # In memory first, without a pause: the next update starts from what this one leaves.
        queue.message = merged
        queue.state.change(settings.limits_of(merged), ticks=self._clock.monotonic())
        self._dispatcher.wake(queue)
        key, serialised = queue.key, merged.SerializeToString()
        await self._writer.submit(lambda store: store.write_queue(key, serialised))
        return merged

    async def _create_task(self, request: Any) -> Any:
        queue = self._registry.get(request.parent)
        view = request.response_view
        task = admit(request.task, queue=queue.name, now=self._clock.wall(), view=view)
        job, then = self._dispatcher.insertion(queue, task)
        refuse_duplicate(await self._writer.submit(job, then))
        return task.view

    async def _batch(self, request: Any) -> Any:
        queue = self._registry.get(request.parent)
        now = self._clock.wall()
        batch = TaskBatch(request, queue=queue, dispatcher=self._dispatcher, now=now)
        return messages.Operation.FromString(await self._writer.submit(batch.store, batch.accept))

    async def _get_task(self, request: Any) -> Any:
        queue, task_id = self._find_queue_of(request.name)
        full = wants_body(request.response_view)
        stored = await self._writer.submit(
            lambda store: store.read_task(queue.key, task_id, with_body=full)
        )
        task = queue.state.tasks.get(task_id)
        if stored is None or stored.finished or task is None:
            raise _missing_task(existed=stored is not None)
        return view_of(stored, task, full=full)

    async def _list_tasks(self, request: Any) -> Any:
        queue = self._registry.get(request.parent)
        size = page_size(request.page_size, most=_TASKS_PAGE)
        after = read_token(queue.name.full, request.page_token)
        full = wants_body(request.response_view)
        page, more = await self._writer.submit(
            lambda store: store.list_tasks(
                queue.key, after=after, count=size, max_bytes=_PAGE_BYTES, with_body=full
            )
        )
        response = messages.ListTasksResponse()
        for stored in page:
            task = queue.state.tasks.get(stored.task_id)
            if task is not None:  # not finished since
                response.tasks.append(view_of(stored, task, full=full))
        if more:
            response.next_page_token = page_token(queue.name.full, page[-1].task_id)
        return response

    async def _delete_task(self, request: Any) -> Any:
        queue, task_id = self._find_queue_of(request.name)
        now = self._clock.wall()

        def forget(held: StoredTask | None) -> None:
            if held is not None and not held.finished:
                self._dispatcher.forget(queue, task_id)

        held = await self._writer.submit(
            lambda store: store.delete_task(queue.key, task_id, rests_until=now + NAME_RESTS),
            forget,
        )
        if held is None or held.finished:
            raise _missing_task(existed=held is not None)
        return messages.Empty()

    async def _get_operation(self, request: Any) -> Any:
        name = request.name
        operation = await self._writer.submit(lambda store: store.read_operation(name))
        if operation is None:
            raise CallRefused("NOT_FOUND", "Requested entity was not found.")
        return messages.Operation.FromString(operation)

    async def _add_queue(self, message: Any) -> HostedQueue | None:
        """Create a queue that is complete; None when its name is taken."""
        serialised = message.SerializeToString()
        added: list[HostedQueue] = []

        def host(key: int | None) -> None:
            if key is not None:
                ticks = self._clock.monotonic()
                added.append(self._registry.add(key, serialised, ticks=ticks))

        await self._writer.submit(lambda store: store.insert_queue(message.name, serialised), host)
        return added[0] if added else None

    def _find_queue_of(self, task_name: str) -> tuple[HostedQueue, str]:
        queue, task_id = parse_task(task_name)
        hosted = self._registry.find(queue.full)
        if hosted is None:
            raise _missing_task(existed=False)
        return hosted, task_id

    def _handler(self, method: Method, request: Any) -> Any:
        async def answer(message: Any, context: Any) -> Any:
            try:
                if self._closed:
                    raise EmulatorError("The emulator is stopping.")  # noqa: TRY301 - answered below
                return await method(message)
            except CallRefused as refusal:
                await context.abort(grpc.StatusCode[refusal.status], str(refusal))
            except EmulatorError as error:
                await context.abort(grpc.StatusCode.UNAVAILABLE, str(error))

        return grpc.unary_unary_rpc_method_handler(
            answer,
            request_deserializer=request.FromString,
            response_serializer=lambda response: response.SerializeToString(),
        )


def _unimplemented(path: str) -> Any:
    async def answer(_message: bytes, context: Any) -> None:
        await context.abort(
            grpc.StatusCode.UNIMPLEMENTED,
            f"{path.removeprefix('/')} is not implemented by this emulator.",
        )

    return grpc.unary_unary_rpc_method_handler(answer)


def _missing_task(*, existed: bool) -> CallRefused:
    if existed:
        return CallRefused(
            "NOT_FOUND",
            "The task no longer exists, though a task with this name existed recently. The task "
            "either successfully completed or was deleted.",
        )
    return CallRefused("NOT_FOUND", "Requested entity was not found.")
