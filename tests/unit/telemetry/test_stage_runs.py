"""What a run counts and measures, how it ends, and what its handler can say about it."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import logfire
import pytest

from telemetry import (
    Delivery,
    InvalidMeasurement,
    InvalidOutcome,
    Outcome,
    UndeclaredAttribute,
    UndeclaredMetric,
    current_run,
    declare_counter,
    declare_entity,
    delivery,
    instrumented_stage,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from telemetry.testing import CapturedTelemetry

SPAN = "process extraction"
LABELS = {"service": "agents", "stage": "extraction", "task_type": "bit_event_extraction"}

stage = instrumented_stage("extraction", task_type="bit_event_extraction", service="agents")

declare_counter(
    "pages_rendered_in_tests", description="For tests.", attributes={"stage", "browser"}
)


def run(work: Callable[[], object]) -> None:
    stage(work)()


def fail(error: BaseException) -> None:
    def work() -> None:
        raise error

    with pytest.raises(type(error)):
        run(work)


def test_a_run_that_returns_has_succeeded(captured_telemetry: CapturedTelemetry) -> None:
    run(lambda: None)

    assert captured_telemetry.counter("task_succeeded", **LABELS) == 1
    assert captured_telemetry.counter("task_failed") == 0
    assert captured_telemetry.metrics == (
        "messaging.process.duration",
        "processing_duration_ms",
        "task_succeeded",
    )


def test_durations_are_taken_in_milliseconds_and_in_seconds(
    captured_telemetry: CapturedTelemetry,
) -> None:
    with delivery(Delivery(queue="extraction-queue")):
        run(lambda: None)

    # The captured clock ticks once a second, and is read before and after the work.
    in_milliseconds = captured_telemetry.histogram(
        "processing_duration_ms", **LABELS, outcome="succeeded"
    )
    assert (in_milliseconds.count, in_milliseconds.sum) == (1, 1_000.0)
    in_seconds = captured_telemetry.histogram(
        "messaging.process.duration",
        **{
            "messaging.system": "gcp_cloud_tasks",
            "messaging.operation.name": "process",
            "messaging.destination.name": "extraction-queue",
        },
    )
    assert (in_seconds.count, in_seconds.sum) == (1, 1.0)


def test_a_run_that_raises_has_failed(captured_telemetry: CapturedTelemetry) -> None:
    fail(ValueError("no such page"))

    assert captured_telemetry.counter("task_succeeded") == 0
    failures = captured_telemetry.counter(
        "task_failed", **LABELS, outcome="failed", **{"error.type": "ValueError"}
    )
    assert failures == 1
    failed = captured_telemetry.histogram("processing_duration_ms", **LABELS, outcome="failed")
    assert failed.count == 1
    errors = captured_telemetry.histogram(
        "messaging.process.duration", **{"error.type": "ValueError"}
    )
    assert errors.count == 1


def test_a_failure_is_one_exception_on_a_span_of_level_error(
    captured_telemetry: CapturedTelemetry,
) -> None:
    fail(ValueError("no such page"))

    span = captured_telemetry.span(SPAN)
    (exception,) = span.exceptions
    assert (exception.type, exception.message) == ("ValueError", "no such page")
    assert (span.status, span.status_description) == ("ERROR", "ValueError: no such page")
    assert span.attributes["outcome"] == "failed"
    assert span.attributes["error.type"] == "ValueError"
    assert span.attributes["logfire.level_num"] == 17


def test_each_span_an_exception_passes_records_it_once(
    captured_telemetry: CapturedTelemetry,
) -> None:
    inner = instrumented_stage("inner")(lambda: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        stage(lambda: inner())()  # noqa: PLW0108 - the outer stage is to be the lambda's

    assert [len(span.exceptions) for span in captured_telemetry.spans] == [1, 1]


def test_a_recorded_traceback_begins_in_the_handler(
    captured_telemetry: CapturedTelemetry,
) -> None:
    fail(ValueError("no such page"))

    (exception,) = captured_telemetry.span(SPAN).exceptions
    assert "in work" in exception.stacktrace
    assert "telemetry/stage.py" not in exception.stacktrace


def test_an_exception_is_raised_as_it_was(captured_telemetry: CapturedTelemetry) -> None:
    cause = KeyError("k")
    error = ValueError("no such page")

    def work() -> None:
        raise error from cause

    with pytest.raises(ValueError, match="no such page") as raised:
        run(work)

    assert raised.value is error
    assert error.__cause__ is cause
    assert error.__context__ is None
    names = [entry.name for entry in raised.traceback]
    assert names[-2:] == ["run_stage", "work"]


class TooLateError(BaseException):
    """Stand for what is no Exception."""


@pytest.mark.parametrize(
    ("error", "error_type"),
    [
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (SystemExit(3), "SystemExit"),
        (GeneratorExit(), "GeneratorExit"),
        (asyncio.CancelledError(), "asyncio.exceptions.CancelledError"),
        (TooLateError(), f"{__name__}.TooLateError"),
    ],
)
def test_what_is_no_exception_fails_a_run_too(
    error: BaseException, error_type: str, captured_telemetry: CapturedTelemetry
) -> None:
    fail(error)

    assert captured_telemetry.counter("task_failed", **{"error.type": error_type}) == 1
    assert captured_telemetry.span(SPAN).status == "ERROR"


async def test_a_cancelled_run_has_failed_and_is_cancelled(
    captured_telemetry: CapturedTelemetry,
) -> None:
    begun = asyncio.Event()

    @stage
    async def wait_for_ever() -> None:
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(wait_for_ever())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert task.cancelled()
    span = captured_telemetry.span(SPAN)
    assert span.attributes["error.type"] == "asyncio.exceptions.CancelledError"


def test_counts_are_emitted_when_the_run_has_succeeded(
    captured_telemetry: CapturedTelemetry,
) -> None:
    seen: list[float] = []

    def work() -> None:
        handle = current_run()
        handle.found("venues", 2)
        handle.found("venues")
        handle.created("artists")
        handle.count("scrapes_created", 4)
        seen.append(captured_telemetry.counter("venues_found"))
        assert handle.counts == {"venues_found": 3, "artists_created": 1, "scrapes_created": 4}

    run(work)

    assert seen == [0]
    assert captured_telemetry.counter("venues_found", **LABELS) == 3
    assert captured_telemetry.counter("artists_created", **LABELS) == 1
    assert captured_telemetry.counter("scrapes_created", **LABELS) == 4


def test_counts_become_attributes_of_the_span(captured_telemetry: CapturedTelemetry) -> None:
    run(lambda: current_run().created("performances", 5))

    assert captured_telemetry.span(SPAN).attributes["performances_created"] == 5


def test_an_attempt_that_fails_counts_nothing(captured_telemetry: CapturedTelemetry) -> None:
    attempts = iter([OSError("try again"), None])

    @stage
    def work() -> None:
        current_run().created("venues")
        if (error := next(attempts)) is not None:
            raise error

    with pytest.raises(OSError, match="try again"):
        work()
    work()

    assert captured_telemetry.counter("venues_created") == 1


def test_a_count_carries_the_attributes_its_metric_declares_and_no_others(
    captured_telemetry: CapturedTelemetry,
) -> None:
    def work() -> None:
        current_run().count("pages_rendered_in_tests", browser="firefox")
        current_run().count("pages_rendered_in_tests", 2, browser="chrome")

    run(work)

    firefox = captured_telemetry.counter(
        "pages_rendered_in_tests", stage="extraction", browser="firefox"
    )
    assert firefox == 1
    assert captured_telemetry.counter("pages_rendered_in_tests", service="agents") == 0
    assert captured_telemetry.span(SPAN).attributes["pages_rendered_in_tests"] == 3


def test_a_declared_entity_can_be_counted(captured_telemetry: CapturedTelemetry) -> None:
    declare_entity("promoters")

    def work() -> None:
        current_run().found("promoters")
        current_run().created("promoters", 2)

    run(work)

    assert captured_telemetry.counter("promoters_found") == 1
    assert captured_telemetry.counter("promoters_created") == 2


@pytest.mark.parametrize(
    ("mistake", "error", "message"),
    [
        (lambda r: r.found("venus"), UndeclaredMetric, "no entity 'venus'.*venues, artists"),
        (lambda r: r.created("x"), UndeclaredMetric, "declare_entity adds one"),
        (lambda r: r.count("venuez"), UndeclaredMetric, "no counter 'venuez'"),
        (lambda r: r.count(["venues"]), UndeclaredMetric, "no counter"),
        (lambda r: r.count("processing_duration_ms"), UndeclaredMetric, "is a histogram, not a"),
        (lambda r: r.found("venues", -1), InvalidMeasurement, "a negative value"),
        (lambda r: r.found("venues", float("nan")), InvalidMeasurement, "not nan"),
        (lambda r: r.found("venues", float("inf")), InvalidMeasurement, "not inf"),
        (lambda r: r.found("venues", "1"), InvalidMeasurement, "not a str"),
        (lambda r: r.found("venues", True), InvalidMeasurement, "not a bool"),  # noqa: FBT003
        (lambda r: r.found("venues", None), InvalidMeasurement, "not a NoneType"),
        (lambda r: r.found("venues", 10**400), InvalidMeasurement, r"up to 2\*\*53"),
        (lambda r: r.found("venues", colour="red"), UndeclaredAttribute, "no attribute 'colour'"),
        (lambda r: r.set_outcome("meh"), InvalidOutcome, "no outcome 'meh': there are succeeded"),
    ],
)
def test_a_mistake_fails_a_test(
    mistake: Any, error: type[Exception], message: str, captured_telemetry: CapturedTelemetry
) -> None:
    with pytest.raises(error, match=message):
        run(lambda: mistake(current_run()))


def test_a_failed_run_may_say_that_it_will_be_retried(
    captured_telemetry: CapturedTelemetry,
) -> None:
    def work() -> None:
        current_run().set_outcome("retried")
        raise OSError("busy")

    with pytest.raises(OSError, match="busy"):
        run(work)

    assert captured_telemetry.span(SPAN).attributes["outcome"] == "retried"
    assert captured_telemetry.counter("task_failed", outcome="retried") == 1
    assert captured_telemetry.counter("tasks_dead_lettered") == 0


def test_a_dead_letter_is_counted_though_the_task_is_acknowledged(
    captured_telemetry: CapturedTelemetry,
) -> None:
    def work() -> str:
        current_run().set_outcome("dead_lettered", ValueError("never right"))
        return "acknowledged"

    assert stage(work)() == "acknowledged"

    span = captured_telemetry.span(SPAN)
    assert (span.status, len(span.exceptions)) == ("ERROR", 1)
    assert span.attributes["outcome"] == "dead_lettered"
    labels = {**LABELS, "error.type": "ValueError"}
    assert captured_telemetry.counter("tasks_dead_lettered", **labels) == 1
    assert captured_telemetry.counter("task_failed", outcome="dead_lettered", **labels) == 1
    assert captured_telemetry.counter("task_succeeded") == 0


def test_a_failure_without_an_exception_has_the_type_other(
    captured_telemetry: CapturedTelemetry,
) -> None:
    run(lambda: current_run().set_outcome("failed"))

    assert captured_telemetry.counter("task_failed", **{"error.type": "_OTHER"}) == 1
    assert captured_telemetry.span(SPAN).exceptions == ()
    assert captured_telemetry.span(SPAN).status == "ERROR"


def test_a_duplicate_delivery_counts_nothing(captured_telemetry: CapturedTelemetry) -> None:
    def work() -> None:
        current_run().created("venues")
        current_run().set_outcome("duplicate")

    run(work)

    assert captured_telemetry.counter("venues_created") == 0
    assert captured_telemetry.counter("task_succeeded") == 0
    assert captured_telemetry.counter("task_failed") == 0
    durations = captured_telemetry.histogram("processing_duration_ms", outcome="duplicate")
    assert durations.count == 1


@pytest.mark.parametrize("claimed", ["succeeded", "duplicate"])
def test_a_run_that_raises_cannot_claim_to_be_fine(
    claimed: Outcome, captured_telemetry: CapturedTelemetry
) -> None:
    def work() -> None:
        current_run().set_outcome(claimed)
        raise OSError("busy")

    with pytest.raises(OSError, match="busy"):
        run(work)

    assert captured_telemetry.span(SPAN).attributes["outcome"] == "failed"


def test_a_handler_can_set_attributes_of_its_span(captured_telemetry: CapturedTelemetry) -> None:
    def work() -> None:
        handle = current_run()
        handle.set_attribute("url", "https://example.org/")
        handle.set_attribute("ages", [1, 2])
        handle.set_attribute("source", {"id": 7, "tags": ["a"]})
        handle.set_attribute("mixed", [1, "b"])
        handle.set_attribute("replaced", {"a": 1})
        handle.set_attribute("replaced", "text")

    run(work)

    attributes = captured_telemetry.span(SPAN).attributes
    assert attributes["url"] == "https://example.org/"
    assert attributes["ages"] == (1, 2)
    assert attributes["source"] == '{"id": 7, "tags": ["a"]}'
    assert attributes["mixed"] == '[1, "b"]'
    assert attributes["logfire.json_schema"] == (
        '{"type": "object", "properties":'
        ' {"source": {"type": "object"}, "mixed": {"type": "array"}}}'
    )


def test_a_handler_knows_its_trace(captured_telemetry: CapturedTelemetry) -> None:
    seen: list[str] = []
    run(lambda: seen.append(current_run().trace_id))

    assert seen == [captured_telemetry.span(SPAN).trace_id]


def test_outside_a_run_the_handle_does_nothing(captured_telemetry: CapturedTelemetry) -> None:
    handle = current_run()
    handle.found("venues")
    handle.created("no such entity")
    handle.count("no such metric", float("nan"))
    handle.set_attribute("a", 1)
    handle.set_outcome("failed")

    assert handle.trace_id == ""
    assert handle.counts == {}
    assert captured_telemetry.metrics == ()


def test_a_handler_may_attach_a_context_of_its_own(
    captured_telemetry: CapturedTelemetry,
) -> None:
    def work() -> None:
        with logfire.attach_context({}), logfire.span("elsewhere"):
            current_run().found("venues")

    run(work)

    assert captured_telemetry.counter("venues_found") == 1
    assert captured_telemetry.span("elsewhere").parent_id is None


def test_after_a_run_nothing_is_left_of_it(captured_telemetry: CapturedTelemetry) -> None:
    fail(ValueError("no such page"))

    assert current_run().trace_id == ""


def test_a_count_that_comes_too_late_is_lost_and_logged(
    captured_telemetry: CapturedTelemetry, caplog: pytest.LogCaptureFixture
) -> None:
    kept: list[Any] = []
    run(lambda: kept.append(current_run()))

    kept[0].created("venues")

    assert captured_telemetry.counter("venues_created") == 0
    assert "a count came after its run had ended" in caplog.text


async def test_runs_in_tasks_do_not_mix(captured_telemetry: CapturedTelemetry) -> None:
    everyone_is_in = asyncio.Barrier(10)

    @stage
    async def work(number: int) -> tuple[str, float]:
        await everyone_is_in.wait()
        current_run().found("venues", number)
        await everyone_is_in.wait()
        return current_run().trace_id, current_run().counts["venues_found"]

    results = await asyncio.gather(*(work(number) for number in range(1, 11)))

    assert list(range(1, 11)) == [counted for _, counted in results]
    assert len({trace_id for trace_id, _ in results}) == 10
    assert captured_telemetry.counter("venues_found") == 55


def test_runs_in_threads_do_not_mix(captured_telemetry: CapturedTelemetry) -> None:
    everyone_is_in = threading.Barrier(8)

    @stage
    def work(number: int) -> tuple[str, float]:
        everyone_is_in.wait(timeout=10)
        current_run().found("venues", number)
        everyone_is_in.wait(timeout=10)
        return current_run().trace_id, current_run().counts["venues_found"]

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(1, 9)))

    assert list(range(1, 9)) == [counted for _, counted in results]
    assert len({trace_id for trace_id, _ in results}) == 8


def test_a_handler_may_count_from_its_own_threads(captured_telemetry: CapturedTelemetry) -> None:
    def work() -> None:
        handle = current_run()

        def count_many(_: int) -> None:
            for _ in range(500):
                handle.found("venues")

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(count_many, range(4)))

    run(work)

    assert captured_telemetry.counter("venues_found") == 2_000


async def test_a_handler_may_count_from_where_asyncio_takes_it(
    captured_telemetry: CapturedTelemetry,
) -> None:
    async def found_one() -> None:
        current_run().found("venues")

    @stage
    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(found_one())
        await asyncio.to_thread(lambda: current_run().found("venues", 4))

    await work()

    assert captured_telemetry.counter("venues_found") == 7


def test_the_service_is_by_default_that_of_the_process(
    captured_telemetry: CapturedTelemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "extraction-agents")

    instrumented_stage("extraction")(lambda: None)()

    assert captured_telemetry.counter("task_succeeded", service="extraction-agents") == 1


def test_queue_names_from_outside_do_not_make_series_without_end(
    captured_telemetry: CapturedTelemetry,
) -> None:
    work = stage(lambda: None)
    for number in range(100):
        with delivery(Delivery(queue=f"queue-{number}")):
            work()

    other = {"messaging.destination.name": "_OTHER"}
    assert captured_telemetry.histogram("messaging.process.duration", **other).count > 60
    assert captured_telemetry.spans[-1].attributes["messaging.destination.name"] == "queue-99"
