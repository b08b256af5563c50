"""A pipeline of two stages whose first one does as its payload says, and its queue."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from functions.errors import DispatchError, PermanentError, RetryableError
from functions.pipeline import Pipeline, RetryPolicy, Stage
from functions.runtime.dispatcher import Sending
from functions.runtime.payload import ItemId, Payload
from telemetry import instrumented_stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from functions.runtime.outbox import OutboxEntry
    from functions.runtime.runtime import Runtime
    from functions.runtime.work import UnitOfWork


class Order(Payload):
    """Tell the first stage what to do."""

    do: Literal["send", "fail", "refuse", "wait", "oversize", "increment", "too_large", "ail"] = (
        "send"
    )
    to: int = 1
    order_id: Annotated[str, ItemId()] = ""
    matrix: tuple[tuple[int, ...], ...] = ()


class Item(Payload):
    """Be what is sent."""

    number: int


@instrumented_stage("toy", task_type="toy_order", service="toy")
def obey(order: Order, work: UnitOfWork) -> None:  # noqa: C901 - one case for each order
    """Do as the order says."""
    match order.do:
        case "fail":
            raise ValueError("the handler broke")
        case "refuse":
            raise PermanentError("never again")
        case "wait":
            raise RetryableError("later", after=timedelta(seconds=70))
        case "too_large":
            work.create("orders", work.task_id, {"text": "x" * 2_000_000})
        case "increment":
            counter = work.get("counters", "one")
            if counter is None:
                work.create("counters", "one", {"value": 1})
            else:
                time.sleep(0.001)  # gives the other workers the time to be in the way
                work.replace(counter, {"value": counter.data["value"] + 1})
        case "ail":
            if work.get("cures", "one") is None:
                raise PermanentError(f"order {order.to} is ill")
            work.create("cured", str(order.to), {"task": work.task_id})
        case "oversize":
            work.create("orders", work.task_id, {})
            work.dispatch("sink", Oversized(number=0, text="x" * 2_000_000))
        case "send":
            work.create("orders", work.task_id, {"to": order.to})
            for number in range(order.to):
                work.dispatch("sink", Item(number=number), key=str(number), position=number)
            work.created("venues", order.to)


class Oversized(Item):
    """Be more than a task can hold."""

    text: str


@instrumented_stage("sink", task_type="toy_item", service="toy")
def receive(item: Item, work: UnitOfWork) -> None:
    """Write the item down."""
    work.put("items", str(item.number), {"task": work.task_id})


STAGES = (
    Stage(
        name="toy",
        service="toy",
        function="dpl_obey",
        task_type="toy_order",
        payload="toy_pipeline:Order",
        handler="toy_pipeline:obey",
        next=("sink",),
        retry=RetryPolicy(max_attempts=3, head_room=2),
    ),
    Stage(
        name="sink",
        service="toy",
        function="dpl_receive",
        task_type="toy_item",
        payload="toy_pipeline:Item",
        handler="toy_pipeline:receive",
        stagger=timedelta(seconds=60),
    ),
)


def toy() -> Pipeline:
    """Return the declaration."""
    return Pipeline(STAGES)


@dataclass
class ListedQueue:
    """Be a queue service that keeps what it is sent, once for each name, and can be down."""

    down: bool = False
    tasks: dict[str, OutboxEntry] = field(default_factory=dict)
    sends: int = 0
    asked: list[str] = field(default_factory=list)

    def function_url(self, stage: Stage) -> str:
        """Return where a stage would answer."""
        return f"http://functions.example/{stage.function}"

    def send(self, entries: Sequence[OutboxEntry]) -> Sending:
        """Keep the tasks."""
        if self.down:
            return Sending(failures=[DispatchError("the queue is down")])
        self.sends += len(entries)
        self.tasks.update({entry.task_id: entry for entry in entries})
        return Sending(sent=[entry.task_id for entry in entries])

    def holds(self, stage: Stage, task_id: str) -> bool:
        """Tell whether a task is there."""
        if self.down:
            raise DispatchError("the queue is down")
        self.asked.append(task_id)
        return task_id in self.tasks

    def deliver_all(self, runtime: Runtime) -> list[str]:
        """Deliver every task once, and return what was answered."""
        tasks, self.tasks = self.tasks, {}
        return [
            runtime.handle(
                runtime.pipeline.stage(entry.stage).function,
                {"X-CloudTasks-TaskName": entry.task_id},
                entry.body,
            ).message
            for entry in tasks.values()
        ]
