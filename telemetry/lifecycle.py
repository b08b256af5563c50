"""How a run of a stage begins and ends: its span, its metrics, its place in the trace."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Final

from opentelemetry.context import attach, detach, get_current
from opentelemetry.trace import (
    INVALID_SPAN,
    Link,
    SpanKind,
    Status,
    StatusCode,
    get_current_span,
    set_span_in_context,
)

from telemetry import semconv
from telemetry.attributes import clean_scalar
from telemetry.configuration import service_name
from telemetry.diagnostics import Guard
from telemetry.failures import error_type, record_failure
from telemetry.instruments import counter_of, histogram_of
from telemetry.message import announced, ctx_of
from telemetry.propagation import parse, tracer
from telemetry.run import RunState, at_hand

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.context import Context

    from telemetry.attributes import Scalar
    from telemetry.message import Delivery
    from telemetry.stage import StageSpec

clock: Callable[[], float] = perf_counter
"""Seconds; monotonic, since the wall clock may jump. ``telemetry.testing`` puts its own here."""

_MAX_QUEUES: Final = 32
"""Queue names per stage that become values of a metric's attribute. They come from a header, and
each new value is one more series for ever."""

_STARTING: Final = Guard("starting a stage's span failed", "the run goes without one")
_MEASURING: Final = Guard("recording a run's metrics failed", "they are lost")
_LEAVING: Final = Guard("leaving a stage's context failed", "what follows may seem to be its part")
_ENDING: Final = Guard("ending a stage's span failed", "it may be missing or incomplete")


class Plan:
    """Prepare all that is the same for each run of a stage, so that a run costs little.

    Args:
        spec: The stage.
        service: The service, resolved.
    """

    __slots__ = (
        "attributes",
        "labels",
        "message",
        "outcome_labels",
        "process_labels",
        "service",
        "span_name",
    )

    def __init__(self, spec: StageSpec, service: str) -> None:
        self.service = service
        self.span_name = f"{semconv.PROCESS} {spec.stage}"
        self.message = (
            spec.stage if spec.task_type == spec.stage else f"{spec.stage} {spec.task_type}"
        )
        self.labels: dict[str, Scalar] = {
            semconv.SERVICE: service,
            semconv.STAGE: spec.stage,
            semconv.TASK_TYPE: spec.task_type,
        }
        self.attributes: dict[str, Scalar] = {
            **self.labels,
            semconv.MESSAGING_SYSTEM: semconv.CLOUD_TASKS,
            semconv.MESSAGING_OPERATION_NAME: semconv.PROCESS,
            semconv.MESSAGING_OPERATION_TYPE: semconv.PROCESS,
            semconv.LOGFIRE_MESSAGE: self.message,
        }
        self.outcome_labels: dict[str, dict[str, Scalar]] = {
            outcome: {**self.labels, semconv.OUTCOME: outcome} for outcome in semconv.OUTCOMES
        }
        self.process_labels: dict[Scalar | None, dict[str, Scalar]] = {}

    def labels_of_queue(self, queue: Scalar | None) -> dict[str, Scalar]:
        """Return the attributes of ``messaging.process.duration`` for tasks from a queue."""
        known = self.process_labels.get(queue)
        if known is not None:
            return known
        labels: dict[str, Scalar] = {
            semconv.MESSAGING_SYSTEM: semconv.CLOUD_TASKS,
            semconv.MESSAGING_OPERATION_NAME: semconv.PROCESS,
        }
        if queue is not None:
            few = len(self.process_labels) < _MAX_QUEUES
            labels[semconv.MESSAGING_DESTINATION_NAME] = queue if few else semconv.ERROR_TYPE_OTHER
            if not few:
                return labels
        self.process_labels[queue] = labels
        return labels


class Planner:
    """Keep a stage's plan, and make a new one when the process's service name changes."""

    __slots__ = ("_plan", "_spec")

    def __init__(self, spec: StageSpec) -> None:
        self._spec = spec
        self._plan: Plan | None = None

    def plan(self) -> Plan:
        """Return the plan for the next run."""
        service = self._spec.service or service_name()
        plan = self._plan
        if plan is None or plan.service != service:
            # Two threads may both make one, of equal content.
            plan = self._plan = Plan(self._spec, service)
        return plan


def begin(plan: Plan, payload: object) -> RunState:
    """Begin a run: start its span, make it current, start its clock. Never raises.

    Args:
        plan: The stage's.
        payload: The handler's first argument; asked for a ``ctx`` where no delivery is announced.
    """
    state = RunState(plan.labels)
    base = get_current()
    with _STARTING:
        _start_span(state, plan, payload, base)
    with _STARTING:
        spanless = state.span is INVALID_SPAN
        enter(state, base if spanless else set_span_in_context(state.span, base))
    state.started = clock()
    return state


def enter(state: RunState, context: Context) -> None:
    """Make a run the one at hand, within an OpenTelemetry context."""
    state.tokens = attach(context), at_hand.set(state), announced.set(None)


def leave(state: RunState) -> Context:
    """Restore what was at hand before a run; return the run's context, to ``enter`` it again."""
    context = get_current()
    if state.tokens is not None:
        span_token, run_token, delivery_token = state.tokens
        state.tokens = None
        detach(span_token)
        with _LEAVING:
            at_hand.reset(run_token)
            announced.reset(delivery_token)
    return context


def finish(plan: Plan, state: RunState, raised: BaseException | None) -> None:
    """End a run: record its metrics and its outcome, end its span. Never raises.

    Args:
        plan: The stage's.
        state: What ``begin`` returned.
        raised: What the handler raised; None where it returned.
    """
    elapsed = clock() - state.started
    state.is_over = True
    try:
        with _ENDING:
            outcome, error = _judge(state, raised)
            failure = None
            if outcome in _FAILURES:
                failure = semconv.ERROR_TYPE_OTHER if error is None else error_type(error)
            with _MEASURING:  # while the span is current, so that exemplars lead to it
                _measure(plan, state, outcome, elapsed, failure)
            state.span.set_attribute(semconv.OUTCOME, outcome)
            if failure is not None:
                state.span.set_attribute(semconv.ERROR_TYPE, failure)
                if error is None:
                    state.span.set_status(Status(StatusCode.ERROR))
                else:
                    record_failure(state.span, error, is_passing=error is raised)
    finally:
        leave(state)
        with _ENDING:
            state.span.end()


_FAILURES: Final = frozenset({semconv.FAILED, semconv.RETRIED, semconv.DEAD_LETTERED})


def _start_span(state: RunState, plan: Plan, payload: object, base: Context) -> None:
    attributes = plan.attributes.copy()
    parent, links = base, None
    facts = announced.get()
    if facts is None:
        ctx = ctx_of(payload)
    else:
        ctx = facts.ctx
        _describe(attributes, facts, plan)
        state.destination = attributes.get(semconv.MESSAGING_DESTINATION_NAME)
    if ctx is not None:
        producer, problem = parse(ctx, base)
        if producer is not None:
            ambient = get_current_span(base).get_span_context()
            if ambient.is_valid and ambient != get_current_span(producer).get_span_context():
                links = (Link(ambient),)
            parent = producer
        elif problem is not None:
            attributes[semconv.CTX_ERROR] = problem
    state.span = tracer().start_span(
        plan.span_name, parent, SpanKind.CONSUMER, attributes=attributes, links=links
    )


def _describe(attributes: dict[str, Scalar], facts: Delivery, plan: Plan) -> None:
    if facts.queue is not None:
        attributes[semconv.MESSAGING_DESTINATION_NAME] = clean_scalar(facts.queue)
    if facts.task_id is not None:
        attributes[semconv.MESSAGING_MESSAGE_ID] = clean_scalar(facts.task_id)
    if facts.body_size is not None:
        attributes[semconv.MESSAGING_MESSAGE_BODY_SIZE] = clean_scalar(facts.body_size)
    if facts.function is not None:
        attributes[semconv.FAAS_NAME] = clean_scalar(facts.function)
        attributes[semconv.FAAS_TRIGGER] = semconv.FAAS_TRIGGER_PUBSUB
        attributes[semconv.FAAS_COLDSTART] = _is_first_run()
    if facts.max_attempts is not None:
        attributes[semconv.MAX_ATTEMPTS] = clean_scalar(facts.max_attempts)
    if facts.attempt is not None:
        attempt = attributes[semconv.ATTEMPT] = clean_scalar(facts.attempt)
        if attempt != 1:
            last = attributes.get(semconv.MAX_ATTEMPTS)
            of = "" if last is None else f" of {last}"
            attributes[semconv.LOGFIRE_MESSAGE] = f"{plan.message}, attempt {attempt}{of}"


_first_runs: Final = [True]


def _is_first_run() -> bool:
    try:
        return _first_runs.pop()
    except IndexError:
        return False


def _judge(state: RunState, raised: BaseException | None) -> tuple[str, BaseException | None]:
    if raised is None:
        outcome = state.outcome or semconv.SUCCEEDED
        return outcome, state.error if outcome in _FAILURES else None
    return state.outcome if state.outcome in _FAILURES else semconv.FAILED, raised


def _measure(
    plan: Plan, state: RunState, outcome: str, elapsed: float, failure: str | None
) -> None:
    duration_ms = histogram_of(semconv.PROCESSING_DURATION_MS)
    duration_ms.record(elapsed * 1_000, plan.outcome_labels[outcome])
    duration = histogram_of(semconv.MESSAGING_PROCESS_DURATION)
    labels = plan.labels_of_queue(state.destination)
    if failure is None:
        duration.record(elapsed, labels)
        if outcome == semconv.SUCCEEDED:
            counter_of(semconv.TASK_SUCCEEDED).add(1, plan.labels)
            if state.counts:
                state.emit_counts()
        return
    error = {semconv.ERROR_TYPE: failure}
    duration.record(elapsed, {**labels, **error})
    counter_of(semconv.TASK_FAILED).add(1, {**plan.outcome_labels[outcome], **error})
    if outcome == semconv.DEAD_LETTERED:
        counter_of(semconv.TASKS_DEAD_LETTERED).add(1, {**plan.labels, **error})
