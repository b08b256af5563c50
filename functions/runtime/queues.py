"""Bring the queues of the declaration into being, by the queue service's own API."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from functions.errors import DispatchError

if TYPE_CHECKING:
    from google.cloud import tasks_v2

    from functions.pipeline import Stage
    from functions.runtime.dispatcher import CloudTasksDispatcher


def declare_queues(dispatcher: CloudTasksDispatcher, *, redirect_to: str = "") -> None:
    """Create the queues that are missing, and bring the others up to the declaration.

    For emulators; in the cloud, Terraform does this.

    Args:
        dispatcher: Names the queues, and reaches the service.
        redirect_to: Where every task is delivered, whatever host it was made for: tasks outlive
            the port that a local server had.

    Raises:
        DispatchError: The service refuses, or is out of reach.
    """
    from google.api_core.exceptions import AlreadyExists, GoogleAPIError  # noqa: PLC0415

    for stage in dispatcher.pipeline.queued:
        queue = describe_queue(stage, dispatcher.queue_path(stage), redirect_to=redirect_to)
        parent = queue.name.partition("/queues/")[0]
        try:
            try:
                dispatcher.client.create_queue(parent=parent, queue=queue)
            except AlreadyExists:
                dispatcher.client.update_queue(queue=queue)
        except GoogleAPIError as error:
            raise DispatchError(f"the queue {queue.name} could not be declared: {error}") from error


def describe_queue(stage: Stage, path: str, *, redirect_to: str = "") -> tasks_v2.Queue:
    """Return a stage's queue as Cloud Tasks has it."""
    from google.cloud import tasks_v2  # noqa: PLC0415

    queue = tasks_v2.Queue(
        name=path,
        retry_config=tasks_v2.RetryConfig(
            max_attempts=stage.retry.queue_attempts,
            min_backoff=stage.retry.min_backoff,
            max_backoff=stage.retry.max_backoff,
            max_doublings=stage.retry.max_doublings,
        ),
        rate_limits=tasks_v2.RateLimits(
            max_dispatches_per_second=stage.rate.max_dispatches_per_second,
            max_concurrent_dispatches=stage.rate.max_concurrent_dispatches,
        ),
    )
    if redirect_to:
        target = urlsplit(redirect_to)
        override = tasks_v2.UriOverride(
            scheme=getattr(tasks_v2.UriOverride.Scheme, target.scheme.upper()),
            host=target.hostname,
            port=target.port,
            uri_override_enforce_mode=tasks_v2.UriOverride.UriOverrideEnforceMode.ALWAYS,
        )
        queue.http_target = tasks_v2.HttpTarget(uri_override=override)
    return queue
