"""The run of a stage at hand: what a handler reports about its work."""

from __future__ import annotations

import json
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from opentelemetry.trace import INVALID_SPAN, format_trace_id

from telemetry import semconv
from telemetry.attributes import clean_text, clean_value
from telemetry.diagnostics import Guard, misused, report
from telemetry.errors import InvalidOutcome, UndeclaredMetric
from telemetry.instruments import checked_labels, checked_metric, counter_of, is_measurable
from telemetry.metrics import CATALOGUE, STAGE_LABELS, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextvars import Token

    from opentelemetry.context import Context
    from opentelemetry.trace import Span

    from telemetry.attributes import Scalar
    from telemetry.message import Delivery

Outcome: TypeAlias = Literal["succeeded", "failed", "retried", "dead_lettered", "duplicate"]
"""How a run ends; the values of ``telemetry.semconv.OUTCOMES``."""

at_hand: Final[ContextVar[RunState | None]] = ContextVar("mystage-run", default=None)
"""The run at hand. Not in OpenTelemetry's context, which ``logfire.attach_context`` replaces as a
whole."""

_COUNTING: Final = Guard("counting failed", "the count is lost")
_ANNOTATING: Final = Guard("setting a span's attribute failed", "the span goes without it")


@dataclass(slots=True, eq=False)
class RunState:
    """Keep what is known of a run while it lasts; ``StageRun`` is what handlers see of it.

    Attributes:
        labels: Service, stage and task type, for the run's metrics that declare them.
        span: The run's span; the invalid one where there is no telemetry.
        tokens: Restore the context in which the run began.
        started: When the handler was called, on the clock of ``telemetry.lifecycle``.
        destination: The queue the task came from.
        counts: Amounts by metric and further attributes, to be emitted if the run succeeds.
        outcome: What ``set_outcome`` was told.
        error: The same.
        is_over: Whether the run has ended; what is counted now is lost.
        schema: JSON types of attributes that hold JSON text.
        lock: Guards ``counts``: a handler may count from several threads.
    """

    labels: dict[str, Scalar]
    span: Span = INVALID_SPAN
    tokens: tuple[Token[Context], Token[RunState | None], Token[Delivery | None]] | None = None
    started: float = 0.0
    destination: Scalar | None = None
    counts: dict[tuple[str, frozenset[tuple[str, Scalar]]], float] = field(default_factory=dict)
    outcome: Outcome | None = None
    error: BaseException | None = None
    is_over: bool = False
    schema: dict[str, str] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def emit_counts(self) -> None:
        """Add the run's counts to their metrics, and put their totals on the span."""
        with self.lock:
            counts = list(self.counts.items())
        for (name, extra), amount in counts:
            labels = self.labels
            declared = CATALOGUE[name].attributes
            if extra or not declared >= STAGE_LABELS:
                labels = {key: value for key, value in labels.items() if key in declared}
                labels.update(extra)
            counter_of(name).add(amount, labels)
        self.span.set_attributes(self.totals())

    def totals(self) -> dict[str, float]:
        """Return the amount per metric, whatever the attributes."""
        totals: dict[str, float] = {}
        with self.lock:
            for (name, _), amount in self.counts.items():
                totals[name] = totals.get(name, 0) + amount
        return totals


class StageRun:
    """Report on the run of the stage at hand; outside of a run every method does nothing.

    Counts wait until the run has succeeded: an attempt that fails is tried again, and would count
    twice. They are then added to their metrics with the run's service, stage and task type, and
    their totals become attributes of the span.

    Tasks of asyncio and ``asyncio.to_thread`` know the run by themselves; a thread pool does not:
    take the handle along, any number of threads may use it.
    """

    __slots__ = ("_state",)

    def __init__(self, state: RunState | None) -> None:
        self._state = state

    @property
    def trace_id(self) -> str:
        """The trace of the item at hand, 32 hexadecimal digits; empty where there is none."""
        if self._state is None:
            return ""
        context = self._state.span.get_span_context()
        return format_trace_id(context.trace_id) if context.is_valid else ""

    @property
    def counts(self) -> Mapping[str, float]:
        """What was counted so far, by metric."""
        return {} if self._state is None else self._state.totals()

    def found(self, entity: str, n: float = 1, **attributes: object) -> None:
        """Count entities that matched existing ones.

        Args:
            entity: A declared kind, in the plural: ``venues``, ``artists``, ``performances``.
            n: How many.
            attributes: Values for keys that the metric declares.

        Raises:
            Misuse: In strict mode, as for ``count``.
        """
        if self._is_entity(entity):
            self.count(semconv.found_metric(entity), n, **attributes)

    def created(self, entity: str, n: float = 1, **attributes: object) -> None:
        """Count entities that are new; arguments as for ``found``.

        Raises:
            Misuse: In strict mode, as for ``count``.
        """
        if self._is_entity(entity):
            self.count(semconv.created_metric(entity), n, **attributes)

    def count(self, metric: str, n: float = 1, **attributes: object) -> None:
        """Count something for a metric, once the run has succeeded.

        Args:
            metric: A counter of the catalogue.
            n: A finite number, not negative.
            attributes: Values for keys that the metric declares.

        Raises:
            Misuse: In strict mode, an undeclared name or attribute, or an impossible number.
        """
        state = self._state
        if state is None:
            return
        with _COUNTING:
            declared = checked_metric(metric, Kind.COUNTER)
            if declared is None or not is_measurable(declared, n):
                return
            extra = checked_labels(declared, attributes) if attributes else {}
            key = metric, frozenset(extra.items())
            with state.lock:
                if not state.is_over:
                    state.counts[key] = state.counts.get(key, 0) + n
                    return
            report("a count came after its run had ended", "it is lost; count before returning")

    def set_attribute(self, key: str, value: object) -> None:
        """Set an attribute of the run's span.

        Scalars and lists of one kind of scalar are kept as they are, other lists and mappings as
        JSON that Logfire can query, the rest as text.
        """
        state = self._state
        if state is None or not state.span.is_recording():
            return
        with _ANNOTATING:
            key = clean_text(key)
            cleaned, json_type = clean_value(value)
            state.span.set_attribute(key, cleaned)
            if json_type is None:
                if key not in state.schema:
                    return
                del state.schema[key]
            else:
                state.schema[key] = json_type
            properties = {name: {"type": kind} for name, kind in state.schema.items()}
            schema = json.dumps({"type": "object", "properties": properties})
            state.span.set_attribute(semconv.LOGFIRE_JSON_SCHEMA, schema)

    def set_outcome(self, outcome: Outcome, error: BaseException | None = None) -> None:
        """Say how the run ends, where returning or raising does not say it all.

        Without this, a run that returns has ``succeeded`` and one that raises has ``failed``. A
        ``duplicate`` counts nothing. A run that raises is never ``succeeded`` or ``duplicate``.

        Args:
            outcome: One of ``telemetry.semconv.OUTCOMES``.
            error: Why, for a run that failed and yet returns: it is recorded on the span.

        Raises:
            InvalidOutcome: In strict mode, an outcome there is not.
        """
        if self._state is None:
            return
        if outcome not in get_args(Outcome):
            misused(
                InvalidOutcome(f"no outcome {outcome!r}: there are {', '.join(semconv.OUTCOMES)}")
            )
            return
        self._state.outcome = outcome
        self._state.error = error

    def _is_entity(self, entity: str) -> bool:
        if self._state is None:
            return False
        if entity in CATALOGUE.entities:
            return True
        misused(
            UndeclaredMetric(
                f"no entity {entity!r} in the metric catalogue: there are"
                f" {', '.join(CATALOGUE.entities)}; telemetry.declare_entity adds one"
            )
        )
        return False


def current_run() -> StageRun:
    """Return the run of the stage at hand; outside of one, a run whose methods do nothing."""
    return StageRun(at_hand.get())
