"""What a queue is told: its rate limits and its retry policy, checked and filled in.

Limits, defaults and the words of the refusals are the service's:
https://cloud.google.com/tasks/docs/reference/rpc/google.cloud.tasks.v2#queue
"""

from __future__ import annotations

import math
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask

from functions.emulator.clock import SECOND
from functions.emulator.durations import set_micros, to_micros
from functions.emulator.messages import Queue, QueueState, RetryConfig
from functions.emulator.queues import QueueLimits
from functions.emulator.retries import UNLIMITED_ATTEMPTS, RetryPolicy
from functions.emulator.routing import check_routing
from functions.errors import CallRefused

_MAX_RATE = 500.0
_MAX_CONCURRENCY = 5000
_DEFAULTS = QueueLimits()
# Observed: 100 tokens at 500 a second, 10 at 1 and at 0.25 a second.
_BURST_SHARE = 5
_MIN_BURST, _MAX_BURST = 10, 100
# The range of google.protobuf.Duration, ten thousand years.
_MAX_DURATION = 315_576_000_000 * SECOND


def complete(queue: Any) -> Any:
    """Return a copy of a ``Queue`` message with the service's defaults where nothing was given.

    Raises:
        CallRefused: INVALID_ARGUMENT: a limit is out of its range; UNIMPLEMENTED: a setting this
            emulator has no part for.
    """
    _refuse_unsupported(queue)
    full = Queue()
    full.CopyFrom(queue)
    full.state = QueueState.RUNNING
    full.ClearField("purge_time")
    _complete_rate_limits(full.rate_limits)
    complete_retry_config(full.retry_config)
    return full


def merge(current: Any, update: Any, mask: Any) -> Any:
    """Return the ``Queue`` message that ``UpdateQueue`` leaves behind.

    Args:
        current: The queue as it is.
        update: The queue as the caller wants it.
        mask: The ``FieldMask`` of what the caller means; empty means all of it. Fields it names
            that are output only change nothing.

    Raises:
        CallRefused: INVALID_ARGUMENT: the mask names no field of a queue, or the result is out of
            range; UNIMPLEMENTED: a setting this emulator has no part for.
    """
    merged = Queue()
    if mask.paths:
        if not mask.IsValidForDescriptor(Queue.DESCRIPTOR):
            raise CallRefused(
                "INVALID_ARGUMENT",
                f"Invalid update_mask: not all of {', '.join(mask.paths)[:200]} are fields of a "
                "queue.",
            )
        merged.CopyFrom(current)
        FieldMask(paths=mask.paths).MergeMessage(
            update, merged, replace_message_field=True, replace_repeated_field=True
        )
    else:
        merged.CopyFrom(update)
    merged.name = current.name
    return complete(merged)


def limits_of(queue: Any) -> QueueLimits:
    """Return the limits in a ``Queue`` message that :func:`complete` has filled in."""
    return QueueLimits(
        rate=queue.rate_limits.max_dispatches_per_second,
        burst=queue.rate_limits.max_burst_size,
        concurrency=queue.rate_limits.max_concurrent_dispatches,
        policy=policy_of(queue.retry_config),
    )


def policy_of(config: Any) -> RetryPolicy:
    """Return the policy in a ``RetryConfig`` that :func:`complete_retry_config` has filled in."""
    return RetryPolicy(
        max_attempts=config.max_attempts,
        max_retry_duration=to_micros(config.max_retry_duration),
        min_backoff=to_micros(config.min_backoff),
        max_backoff=to_micros(config.max_backoff),
        max_doublings=config.max_doublings,
    )


def parse_policy(config: bytes) -> RetryPolicy:
    """Return the policy in a serialised ``RetryConfig`` that was filled in before."""
    return policy_of(RetryConfig.FromString(config))


def complete_retry_config(config: Any) -> None:
    """Fill the service's defaults into a ``RetryConfig`` message.

    Raises:
        CallRefused: INVALID_ARGUMENT: a setting is out of its range.
    """
    defaults = _DEFAULTS.policy
    if config.max_attempts < UNLIMITED_ATTEMPTS:
        _refuse("RetryConfig.maxAttempts must be greater or equal to -1.")
    if config.max_doublings < 0:
        _refuse("RetryConfig.maxDoublings cannot be negative.")
    config.max_attempts = config.max_attempts or defaults.max_attempts
    config.max_doublings = config.max_doublings or defaults.max_doublings
    for field, spelled, default in (
        ("min_backoff", "minBackoff", defaults.min_backoff),
        ("max_backoff", "maxBackoff", defaults.max_backoff),
        ("max_retry_duration", "maxRetryDuration", defaults.max_retry_duration),
    ):
        duration = getattr(config, field)
        if not config.HasField(field):
            set_micros(duration, default)
        if to_micros(duration) < 0:
            _refuse(f"RetryConfig.{spelled} cannot be negative.")
        if to_micros(duration) > _MAX_DURATION:
            _refuse(f"RetryConfig.{spelled} is longer than a duration can be.")
    if to_micros(config.min_backoff) > to_micros(config.max_backoff):
        _refuse("RetryConfig.minBackoff must be less than or equal to RetryConfig.maxBackoff.")


def _complete_rate_limits(limits: Any) -> None:
    rate = limits.max_dispatches_per_second
    if math.isnan(rate) or rate < 0:
        _refuse("RateLimits.maxDispatchesPerSecond cannot be negative.")
    if rate > _MAX_RATE:
        _refuse("RateLimits.maxDispatchesPerSecond must be less than or equal to 500.")
    if limits.max_concurrent_dispatches < 0:
        _refuse("RateLimits.maxConcurrentDispatches cannot be negative.")
    if limits.max_concurrent_dispatches > _MAX_CONCURRENCY:
        _refuse("RateLimits.maxConcurrentDispatches must be less than or equal to 5000.")
    limits.max_dispatches_per_second = rate or _DEFAULTS.rate
    limits.max_concurrent_dispatches = limits.max_concurrent_dispatches or _DEFAULTS.concurrency
    # Output only: whatever the caller sent is replaced.
    share = int(limits.max_dispatches_per_second / _BURST_SHARE)
    limits.max_burst_size = max(_MIN_BURST, min(share, _MAX_BURST))


def _refuse_unsupported(queue: Any) -> None:
    if queue.HasField("app_engine_routing_override"):
        raise CallRefused(
            "UNIMPLEMENTED",
            "Queue.app_engine_routing_override is not implemented by this emulator: create the "
            "queue without it.",
        )
    check_routing(queue)
    ratio = queue.stackdriver_logging_config.sampling_ratio
    if not 0 <= ratio <= 1:
        _refuse("StackdriverLoggingConfig.samplingRatio must be between 0.0 and 1.0.")


def _refuse(message: str) -> None:
    raise CallRefused("INVALID_ARGUMENT", message)
