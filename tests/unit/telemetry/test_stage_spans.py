"""What a run of a stage looks like as a span, and what the decorator leaves as it was."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import logfire
import pytest
from opentelemetry import trace

from telemetry import (
    Delivery,
    InvalidDeclaration,
    InvalidHandler,
    StageSpec,
    current_run,
    delivery,
    instrumented_stage,
    producer_span,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from telemetry.testing import CapturedTelemetry

SPAN = "process extraction"

stage = instrumented_stage("extraction", task_type="bit_event_extraction", service="agents")

FACTS = Delivery(
    queue="extraction-queue",
    task_id="c0ffee",
    attempt=2,
    max_attempts=5,
    function="dpl_extraction_agent",
    body_size=1_234,
)


@stage
def handler(data: dict[str, Any], *, factor: int = 1) -> int:
    """Multiply."""
    return int(data["n"]) * factor


@stage
async def async_handler(data: dict[str, Any], *, factor: int = 1) -> int:
    await asyncio.sleep(0)
    return int(data["n"]) * factor


def test_a_handler_returns_what_it_returned(captured_telemetry: CapturedTelemetry) -> None:
    assert handler({"n": 2}, factor=3) == 6


async def test_an_async_handler_returns_what_it_returned(
    captured_telemetry: CapturedTelemetry,
) -> None:
    assert await async_handler({"n": 2}, factor=3) == 6
    assert captured_telemetry.span(SPAN).attributes["outcome"] == "succeeded"


def test_a_handler_keeps_its_name_documentation_and_signature() -> None:
    assert handler.__name__ == "handler"
    assert handler.__doc__ == "Multiply."
    assert list(inspect.signature(handler).parameters) == ["data", "factor"]
    assert handler.__wrapped__({"n": 4}) == 4


def test_an_async_handler_is_still_seen_as_async() -> None:
    assert inspect.iscoroutinefunction(async_handler)
    assert not inspect.iscoroutinefunction(handler)


def test_a_handler_knows_its_stage() -> None:
    assert handler.stage == StageSpec("extraction", "bit_event_extraction", "agents")


def test_a_task_type_is_by_default_the_stage() -> None:
    decorated = instrumented_stage("sourcing")(lambda: None)

    assert decorated.stage == StageSpec("sourcing", "sourcing", None)


def test_a_plain_call_is_a_consumer_span_at_the_root_of_a_trace(
    captured_telemetry: CapturedTelemetry,
) -> None:
    handler({"n": 1})

    (span,) = captured_telemetry.spans
    assert span.name == SPAN
    assert span.kind == "CONSUMER"
    assert span.parent_id is None
    assert span.links == ()
    assert span.status == "UNSET"
    assert span.exceptions == ()
    assert dict(span.attributes) == {
        "service": "agents",
        "stage": "extraction",
        "task_type": "bit_event_extraction",
        "messaging.system": "gcp_cloud_tasks",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "logfire.msg": "extraction bit_event_extraction",
        "logfire.span_type": "span",
        "outcome": "succeeded",
    }


def test_a_delivery_is_described_on_the_span(captured_telemetry: CapturedTelemetry) -> None:
    with delivery(FACTS):
        handler({"n": 1})

    attributes = dict(captured_telemetry.span(SPAN).attributes)
    assert isinstance(attributes.pop("faas.coldstart"), bool)
    assert attributes == {
        "service": "agents",
        "stage": "extraction",
        "task_type": "bit_event_extraction",
        "messaging.system": "gcp_cloud_tasks",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "extraction-queue",
        "messaging.message.id": "c0ffee",
        "messaging.message.body.size": 1_234,
        "faas.name": "dpl_extraction_agent",
        "faas.trigger": "pubsub",
        "attempt": 2,
        "max_attempts": 5,
        "logfire.msg": "extraction bit_event_extraction, attempt 2 of 5",
        "logfire.span_type": "span",
        "outcome": "succeeded",
    }


def test_only_the_first_function_run_of_a_process_is_a_cold_start(
    captured_telemetry: CapturedTelemetry,
) -> None:
    for _ in range(3):
        with delivery(FACTS):
            handler({"n": 1})

    starts = [span.attributes["faas.coldstart"] for span in captured_telemetry.spans]
    assert starts[1:] == [False, False]


def test_the_parent_is_the_producer_of_the_announced_delivery(
    captured_telemetry: CapturedTelemetry,
) -> None:
    with producer_span("extraction-queue") as ctx:
        pass
    with delivery(Delivery(ctx=ctx)):
        handler({"n": 1})

    produced = captured_telemetry.span("send extraction-queue")
    processed = captured_telemetry.span(SPAN)
    assert processed.trace_id == produced.trace_id
    assert processed.parent_id == produced.span_id
    assert processed.links == ()


class PayloadMapping(Mapping[str, Any]):
    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data

    def __getitem__(self, key: str) -> object:
        return self._data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)


@pytest.mark.parametrize(
    "make",
    [
        dict,  # JSON as it came
        PayloadMapping,  # any other mapping
        lambda data: SimpleNamespace(**data),  # a model with a field ctx
    ],
)
def test_the_parent_is_the_producer_named_in_the_payload(
    make: Any, captured_telemetry: CapturedTelemetry
) -> None:
    with producer_span("extraction-queue") as ctx:
        pass

    stage(lambda _payload: None)(make({"ctx": ctx, "n": 1}))

    produced = captured_telemetry.span("send extraction-queue")
    assert captured_telemetry.span(SPAN).parent_id == produced.span_id


def test_a_payload_given_by_name_is_found(captured_telemetry: CapturedTelemetry) -> None:
    with producer_span("extraction-queue") as ctx:
        pass

    handler(data={"ctx": ctx, "n": 1})

    produced = captured_telemetry.span("send extraction-queue")
    assert captured_telemetry.span(SPAN).parent_id == produced.span_id


def test_an_announced_delivery_wins_over_the_payload(
    captured_telemetry: CapturedTelemetry,
) -> None:
    with producer_span("first-queue") as announced:
        pass
    with producer_span("second-queue") as in_payload:
        pass

    with delivery(Delivery(ctx=announced)):
        handler({"ctx": in_payload, "n": 1})

    produced = captured_telemetry.span("send first-queue")
    assert captured_telemetry.span(SPAN).parent_id == produced.span_id


def test_an_announced_delivery_is_known_within_an_attached_context(
    captured_telemetry: CapturedTelemetry,
) -> None:
    with producer_span("extraction-queue") as ctx:
        pass

    with delivery(FACTS), logfire.attach_context(ctx):
        handler({"n": 1})

    span = captured_telemetry.span(SPAN)
    assert span.attributes["attempt"] == 2
    assert span.parent_id == captured_telemetry.span("send extraction-queue").span_id


def test_the_request_that_brought_the_task_is_linked(
    captured_telemetry: CapturedTelemetry,
) -> None:
    with producer_span("extraction-queue") as ctx:
        pass
    tracer = trace.get_tracer("http")
    with tracer.start_as_current_span("POST /dpl_extraction_agent"):
        handler({"ctx": ctx, "n": 1})

    request = captured_telemetry.span("POST /dpl_extraction_agent")
    processed = captured_telemetry.span(SPAN)
    assert processed.trace_id != request.trace_id
    assert processed.links == ((request.trace_id, request.span_id),)


def test_without_a_context_the_current_span_is_the_parent(
    captured_telemetry: CapturedTelemetry,
) -> None:
    tracer = trace.get_tracer("script")
    with tracer.start_as_current_span("backfill"):
        handler({"n": 1})

    outer = captured_telemetry.span("backfill")
    assert captured_telemetry.span(SPAN).parent_id == outer.span_id
    assert captured_telemetry.span(SPAN).links == ()


def test_a_stage_called_by_a_stage_is_its_child_and_no_delivery_of_its_own(
    captured_telemetry: CapturedTelemetry,
) -> None:
    inner = instrumented_stage("resolution")(lambda: current_run().trace_id)
    outer = stage(lambda _payload: inner())

    with delivery(FACTS):
        outer({})

    parent = captured_telemetry.span(SPAN)
    child = captured_telemetry.span("process resolution")
    assert child.parent_id == parent.span_id
    assert "attempt" in parent.attributes
    assert "attempt" not in child.attributes


def test_work_around_a_handler_shares_its_span(captured_telemetry: CapturedTelemetry) -> None:
    steps: list[str] = []

    def work(data: dict[str, Any]) -> str:
        steps.append(f"handled {handler.__wrapped__(data)}")
        steps.append("committed")
        return "done"

    assert handler.around(work)({"n": 7}) == "done"
    assert steps == ["handled 7", "committed"]
    assert [span.name for span in captured_telemetry.spans] == [SPAN]
    assert captured_telemetry.counter("task_succeeded") == 1


def test_a_handler_whose_commit_fails_has_not_succeeded(
    captured_telemetry: CapturedTelemetry,
) -> None:
    def work(data: dict[str, Any]) -> None:
        handler.__wrapped__(data)
        raise OSError("the store is away")

    with pytest.raises(OSError, match="the store is away"):
        handler.around(work)({"n": 7})

    assert captured_telemetry.counter("task_succeeded") == 0
    assert captured_telemetry.counter("task_failed", **{"error.type": "OSError"}) == 1


def test_work_around_a_handler_may_be_a_bound_method(
    captured_telemetry: CapturedTelemetry,
) -> None:
    class Attempt:
        def run(self, payload: dict[str, Any]) -> object:
            return payload["ctx"]

    with producer_span("extraction-queue") as ctx:
        pass
    assert handler.around(Attempt().run)({"ctx": ctx}) == ctx

    produced = captured_telemetry.span("send extraction-queue")
    assert captured_telemetry.span(SPAN).parent_id == produced.span_id


async def test_work_around_a_handler_may_be_async(captured_telemetry: CapturedTelemetry) -> None:
    assert await handler.around(async_handler.__wrapped__)({"n": 7}) == 7
    assert captured_telemetry.span(SPAN).attributes["outcome"] == "succeeded"


@pytest.mark.parametrize(
    "make",
    [
        lambda: functools.partial(async_handler.__wrapped__, {"n": 7}),
        lambda: lambda: async_handler.__wrapped__({"n": 7}),  # known to be async only once called
    ],
)
async def test_the_span_of_hidden_async_work_lasts_until_it_is_done(
    make: Any, captured_telemetry: CapturedTelemetry
) -> None:
    async def fail(message: str) -> None:
        await make()()
        assert captured_telemetry.spans == ()
        raise ValueError(message)

    with pytest.raises(ValueError, match="late"):
        await handler.around(lambda: fail("late"))()

    assert captured_telemetry.span(SPAN).status_description == "ValueError: late"


async def test_hidden_async_work_runs_within_its_span_and_leaves_none_behind(
    captured_telemetry: CapturedTelemetry,
) -> None:
    async def work(seconds: float) -> str:
        await asyncio.sleep(seconds)
        return current_run().trace_id

    pending = handler.around(lambda: work(0))()

    assert current_run().trace_id == ""
    assert await pending == captured_telemetry.span(SPAN).trace_id
    assert current_run().trace_id == ""


class Writer:
    def __init__(self, name: str) -> None:
        self.name = name

    @instrumented_stage("writing")
    def write(self, payload: dict[str, Any]) -> str:
        return f"{self.name} {payload['n']}"

    @classmethod
    @instrumented_stage("writing")
    def build(cls, payload: dict[str, Any]) -> str:
        return f"{cls.__name__} {payload['n']}"

    @staticmethod
    @instrumented_stage("writing")
    def check(payload: dict[str, Any]) -> str:
        return f"checked {payload['n']}"


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (Writer("w").write, "w 1"),
        (Writer.build, "Writer 1"),
        (Writer.check, "checked 1"),
    ],
)
def test_methods_can_be_handlers(
    method: Any, expected: str, captured_telemetry: CapturedTelemetry
) -> None:
    with producer_span("writing-queue") as ctx:
        pass

    assert method({"n": 1, "ctx": ctx}) == expected

    produced = captured_telemetry.span("send writing-queue")
    assert captured_telemetry.span("process writing").parent_id == produced.span_id
    assert method.stage.stage == "writing"


def test_a_callable_object_can_be_a_handler(captured_telemetry: CapturedTelemetry) -> None:
    class Extractor:
        async def __call__(self, payload: dict[str, Any]) -> object:
            return payload["n"]

    assert asyncio.run(stage(Extractor())({"n": 3})) == 3
    assert captured_telemetry.span(SPAN).attributes["outcome"] == "succeeded"


def generator(_data: object) -> Iterator[int]:
    yield 1


async def async_generator(_data: object) -> AsyncIterator[int]:
    yield 1


class GeneratorObject:
    def __call__(self) -> Iterator[int]:
        yield 1


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        (generator, "generator"),
        (async_generator, "async_generator, which is a generator"),
        (GeneratorObject(), "Return a list, or decorate what uses the generator up"),
        (functools.partial(generator, 1), "generator"),
        (Writer, "Writer, which is no function"),
        (classmethod(lambda _: 1), "write @classmethod above @instrumented_stage"),
        (staticmethod(lambda _: 1), "write @staticmethod above @instrumented_stage"),
        (3, "which is no function"),
        (handler, "instrumented already"),
    ],
)
def test_what_cannot_be_measured_is_refused(refused: Any, reason: str) -> None:
    with pytest.raises(InvalidHandler, match=reason):
        stage(refused)


def test_forgotten_parentheses_are_explained() -> None:
    forgotten: Any = instrumented_stage

    with pytest.raises(TypeError, match=r'write @instrumented_stage\("extraction"'):
        forgotten(handler.__wrapped__)


@pytest.mark.parametrize(
    "names",
    [
        {"stage": ""},
        {"stage": "two words"},
        {"stage": "x" * 101},
        {"stage": "extraction", "task_type": ""},
        {"stage": "extraction", "task_type": "a\nb"},
        {"stage": "extraction", "service": ""},
        {"stage": "extraction", "service": 3},
    ],
)
def test_names_that_are_none_are_refused(names: dict[str, Any]) -> None:
    with pytest.raises(InvalidDeclaration, match="is no name"):
        instrumented_stage(**names)
