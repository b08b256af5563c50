"""Tie handlers to the declaration, and find them by it."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from functions.errors import DeclarationError
from functions.pipeline import Endpoint, Pipeline, Stage
from functions.runtime.payload import Payload
from telemetry import instrumented_stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.runtime.work import UnitOfWork
    from telemetry import InstrumentedStage

PayloadT = TypeVar("PayloadT", bound=Payload)
Handler: TypeAlias = "Callable[[PayloadT, UnitOfWork], None]"


def stage_handler(
    name: str,
) -> Callable[[Handler[PayloadT]], InstrumentedStage[[PayloadT, UnitOfWork], None]]:
    """Make a function the handler of a declared stage or operation.

    The handler takes a validated payload and a unit of work, records what shall happen on it, and
    returns. Telemetry, commit, hand-off, retries and dead letters are the runtime's.

    Raises:
        DeclarationError: ``functions/pipeline.py`` has no such stage.
    """
    stage = Pipeline().stage(name)
    return instrumented_stage(stage.name, task_type=stage.task_type, service=stage.service)


@cache
def load_handler(stage: Stage) -> InstrumentedStage[[Payload, UnitOfWork], None]:
    """Import a stage's handler.

    Raises:
        DeclarationError: There is none at the declared place, or it is another stage's.
    """
    handler = import_declared(stage, stage.handler)
    if handler.stage.stage != stage.name:
        raise DeclarationError(
            f"{stage.name}: {stage.handler} is the handler of {handler.stage.stage!r}"
        )
    return cast("InstrumentedStage[[Payload, UnitOfWork], None]", handler)


@cache
def load_payload(stage: Stage) -> type[Payload]:
    """Return the model of a stage's payloads.

    Raises:
        DeclarationError: There is no such model.
    """
    model = import_declared(stage, stage.payload)
    if not (isinstance(model, type) and issubclass(model, Payload)):
        raise DeclarationError(f"{stage.name}: {stage.payload} is no payload model")
    return model


def import_declared(declared: Stage | Endpoint, place: str) -> Any:
    """Return what stands at ``module:name``.

    Raises:
        DeclarationError: Nothing does; the message says for whom, and what may be missing.
    """
    module, _, name = place.partition(":")
    try:
        return getattr(import_module(module), name)
    except (ModuleNotFoundError, AttributeError) as error:
        raise DeclarationError(
            f"{declared.name}: nothing at {place} ({error}); is the extra {declared.service!r}"
            " of mystage installed?"
        ) from error
