"""The decorator that makes a function a stage: a span, metrics and trace context around each run.

What a run emits is in ``docs/telemetry.md``. Nothing in here may break a handler: what it returns
and raises passes unchanged, and a failure of telemetry is logged once.
"""

from __future__ import annotations

import functools
import inspect
import re
from dataclasses import dataclass
from types import CoroutineType, FunctionType, MethodType
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Final,
    ParamSpec,
    Protocol,
    TypeVar,
    cast,
    overload,
)

from telemetry.errors import InvalidDeclaration, InvalidHandler
from telemetry.lifecycle import Planner, begin, enter, finish, leave

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from opentelemetry.context import Context

    from telemetry.lifecycle import Plan
    from telemetry.run import RunState

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
Q = ParamSpec("Q")
S = TypeVar("S")
Owner = TypeVar("Owner")

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
"""Names become parts of span names and values of metric attributes: few, short, without spaces."""


@dataclass(frozen=True, slots=True)
class StageSpec:
    """Name a stage.

    Attributes:
        stage: As in ``functions/pipeline.py``: ``extraction``.
        task_type: What kind of task within it: ``bit_event_extraction``.
        service: The deployable service; None for the one ``telemetry.configure`` was told.

    Raises:
        InvalidDeclaration: One of them is no name.
    """

    stage: str
    task_type: str
    service: str | None = None

    def __post_init__(self) -> None:
        for field in ("stage", "task_type", "service"):
            name = getattr(self, field)
            if name is None and field == "service":
                continue
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                raise InvalidDeclaration(
                    f"@instrumented_stage: {field} {name!r} is no name. Use up to 100 letters,"
                    " digits and _.- and begin with a letter or digit"
                )


class InstrumentedStage(Protocol[P, R_co]):
    """A handler with a span and metrics around it, and otherwise the function it was."""

    __name__: str
    __qualname__: str

    @property
    def stage(self) -> StageSpec:
        """The stage it is the handler of."""
        ...

    @property
    def __wrapped__(self) -> Callable[P, R_co]:
        """The handler itself."""
        ...

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Run the handler within a span."""
        ...

    def around(self, work: Callable[Q, S]) -> InstrumentedStage[Q, S]:
        """Return the same instrumentation around other work.

        For a runtime that commits what the handler decided: handler, commit and hand-off belong
        into one span, and a task has succeeded only when all three have.
        """
        ...

    @overload
    def __get__(self, instance: None, owner: type, /) -> InstrumentedStage[P, R_co]: ...
    @overload
    def __get__(
        self: InstrumentedStage[Concatenate[Owner, Q], S], instance: Owner, owner: type, /
    ) -> InstrumentedStage[Q, S]: ...


class StageDecorator(Protocol):
    """What ``instrumented_stage`` returns: it takes a handler and gives it back instrumented."""

    def __call__(self, handler: Callable[P, R], /) -> InstrumentedStage[P, R]:
        """Instrument a handler."""
        ...


def instrumented_stage(
    stage: str, *, task_type: str | None = None, service: str | None = None
) -> StageDecorator:
    """Make a function, sync or async, the instrumented handler of a pipeline stage.

    Each call is a CONSUMER span ``process {stage}``, with durations and success or failure as
    metrics. Its parent is the span that created the task, if the call handles a delivery: one
    announced by ``delivery()``, or a first argument with a ``ctx``. The span that is current when
    the call begins is then linked; without a delivery it is the parent.

    Args:
        stage: The stage: ``extraction``.
        task_type: What kind of task within it: ``bit_event_extraction``; by default the stage's
            name.
        service: The deployable service; by default the one ``telemetry.configure`` was told.

    Returns:
        A decorator. What it returns behaves as the handler, and has ``stage``, ``around`` and
        ``__wrapped__``.

    Raises:
        InvalidHandler: It is used without its parentheses, or on something whose work it cannot
            measure: a generator, a class, a ``classmethod``.
        InvalidDeclaration: One of the names is none.
    """
    if not isinstance(stage, str):
        raise InvalidHandler(
            '@instrumented_stage takes the stage\'s name: write @instrumented_stage("extraction",'
            ' task_type="bit_event_extraction") above the handler'
        )
    spec = StageSpec(stage, stage if task_type is None else task_type, service)
    planner = Planner(spec)

    def decorate(handler: Callable[P, R], /) -> InstrumentedStage[P, R]:
        if isinstance(getattr(handler, "stage", None), StageSpec):
            raise InvalidHandler(
                f"{_name(handler)} is instrumented already and would count twice; to put something"
                " else into the same span, use its .around(work)"
            )
        return _instrument(spec, planner, handler)

    return decorate


def _instrument(
    spec: StageSpec, planner: Planner, handler: Callable[P, R]
) -> InstrumentedStage[P, R]:
    make = _instrument_async if _is_async(handler) else _instrument_sync
    wrapper: Any = functools.wraps(handler)(make(planner, handler))
    wrapper.stage = spec
    wrapper.around = functools.partial(_instrument, spec, planner)
    return cast("InstrumentedStage[P, R]", wrapper)


def _instrument_sync(planner: Planner, handler: Callable[..., Any]) -> Callable[..., Any]:
    position, name = _locate_payload(handler)

    def run_stage(*args: Any, **kwargs: Any) -> Any:
        plan = planner.plan()
        state = begin(plan, args[position] if len(args) > position else kwargs.get(name))
        try:
            result = handler(*args, **kwargs)
        except BaseException as error:
            finish(plan, state, error)
            raise
        if type(result) is CoroutineType:
            # A lambda or a partial around an async function: the work is still to come.
            return _finish_later(plan, state, leave(state), result)
        finish(plan, state, None)
        return result

    return run_stage


async def _finish_later(
    plan: Plan, state: RunState, context: Context, work: Coroutine[Any, Any, Any]
) -> Any:
    enter(state, context)
    try:
        result = await work
    except BaseException as error:
        finish(plan, state, error)
        raise
    finish(plan, state, None)
    return result


def _instrument_async(planner: Planner, handler: Callable[..., Any]) -> Callable[..., Any]:
    position, name = _locate_payload(handler)

    async def run_stage(*args: Any, **kwargs: Any) -> Any:
        plan = planner.plan()
        state = begin(plan, args[position] if len(args) > position else kwargs.get(name))
        try:
            result = await handler(*args, **kwargs)
        except BaseException as error:
            finish(plan, state, error)
            raise
        finish(plan, state, None)
        return result

    return run_stage


def _is_async(handler: object) -> bool:
    """Say whether a handler is to be awaited.

    Raises:
        InvalidHandler: It is nothing whose work a span could cover.
    """
    if isinstance(handler, FunctionType | MethodType):
        flags = handler.__code__.co_flags
        is_generator = bool(flags & (inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR))
        is_async = bool(flags & inspect.CO_COROUTINE)
    else:
        call = _callable_of(handler)
        is_generator = inspect.isgeneratorfunction(call) or inspect.isasyncgenfunction(call)
        is_async = inspect.iscoroutinefunction(call)
    if is_generator:
        raise InvalidHandler(
            f"@instrumented_stage on {_name(handler)}, which is a generator: its body runs"
            " after the call has returned, so the span would measure nothing and a failure"
            " would go unnoticed. Return a list, or decorate what uses the generator up"
        )
    return is_async


def _callable_of(handler: object) -> object:
    """Return the function behind a handler that is none itself: a partial, or an object."""
    if isinstance(handler, classmethod | staticmethod):
        kind = type(handler).__name__
        raise InvalidHandler(
            f"@instrumented_stage on a {kind}: write @{kind} above @instrumented_stage, not below"
        )
    if isinstance(handler, type) or not callable(handler):
        raise InvalidHandler(
            f"@instrumented_stage on {_name(handler)}, which is no function: decorate the function"
            " or method that does the stage's work"
        )
    return handler if isinstance(handler, functools.partial) else handler.__call__


def _locate_payload(handler: object) -> tuple[int, str]:
    """Return the position and the name of the first parameter that is not ``self``."""
    code = getattr(handler, "__code__", None)
    names = list(code.co_varnames[: code.co_argcount]) if code is not None else []
    skipped = 1 if names and names[0] in {"self", "cls"} else 0
    name = names[skipped] if len(names) > skipped else ""
    return (0 if inspect.ismethod(handler) else skipped), name


def _name(handler: object) -> str:
    return getattr(handler, "__qualname__", None) or repr(handler)
