"""Calls of functions that no queue leads to: webhooks, and what else others send by themselves."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias, cast

from functions.runtime.deliveries import Answer
from functions.runtime.effects import bring_about
from functions.runtime.handlers import import_declared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from functions.pipeline import Endpoint
    from functions.runtime.runtime import Runtime
    from functions.runtime.work import UnitOfWork

EndpointHandler: TypeAlias = "Callable[[Call, Runtime], Answer]"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """Hold one HTTP call, whichever server took it.

    Attributes:
        headers: By their names in lower case.
        query: Of the URL. It may hold a secret, so it is never written anywhere.
        body: No longer than the endpoint declares.
    """

    headers: Mapping[str, str]
    query: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def answer_call(runtime: Runtime, endpoint: Endpoint, call: Call) -> Answer:
    """Have an endpoint's handler answer; its caller is asked to come again where it fails.

    Raises:
        DeclarationError: There is no handler at the declared place.
    """
    handler = load_endpoint(endpoint)
    try:
        return handler(call, runtime)
    except Exception:  # noqa: BLE001 - the caller has to be told, whatever it is
        # What went wrong within is none of a caller's business; the log has it.
        _log.exception("%s: a call failed", endpoint.name)
        return Answer(HTTPStatus.SERVICE_UNAVAILABLE, "this cannot be taken now: send it again")


def take_once(
    runtime: Runtime, endpoint: Endpoint, key: str, decide: Callable[[UnitOfWork], object]
) -> bool:
    """Commit what a call brings about, once for all calls with the same key.

    Args:
        runtime: What it is committed to.
        endpoint: What was called.
        key: Names what was called about: an id for a document.
        decide: Records it on the unit of work, as a stage's handler does.

    Returns:
        Whether this call is the first with its key.

    Raises:
        RetryableError: Documents kept changing.
        Exception: Whatever ``decide`` or the store raises.
    """
    if (receipt := runtime.find_receipt(key)) is not None:
        runtime.finish(receipt)
        return False
    return bring_about(runtime, decide, stage=endpoint, task_id=key) is not None


@cache
def load_endpoint(endpoint: Endpoint) -> EndpointHandler:
    """Import an endpoint's handler.

    Raises:
        DeclarationError: There is none at the declared place.
    """
    return cast("EndpointHandler", import_declared(endpoint, endpoint.handler))
