from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from functions.emulator.clock import SECOND
from functions.emulator.messages import Queue, QueueState, RetryConfig
from functions.emulator.queues import QueueLimits
from functions.emulator.retries import RetryPolicy
from functions.emulator.settings import complete, limits_of, merge, parse_policy
from functions.errors import CallRefused

NAME = "projects/p/locations/l/queues/q"


def queue(**fields: Any) -> Any:
    return Queue(name=NAME, **fields)


def test_a_queue_without_wishes_gets_the_services_defaults() -> None:
    full = complete(queue())
    assert QueueState.RUNNING == full.state
    assert (500.0, 100, 1000) == (
        full.rate_limits.max_dispatches_per_second,
        full.rate_limits.max_burst_size,
        full.rate_limits.max_concurrent_dispatches,
    )
    assert (100, 16) == (full.retry_config.max_attempts, full.retry_config.max_doublings)
    assert Duration(nanos=100_000_000) == full.retry_config.min_backoff
    assert Duration(seconds=3600) == full.retry_config.max_backoff
    assert Duration() == full.retry_config.max_retry_duration
    assert QueueLimits() == limits_of(full)


def test_what_is_given_stays() -> None:
    full = complete(
        queue(
            rate_limits={"max_dispatches_per_second": 2.5, "max_concurrent_dispatches": 7},
            retry_config={
                "max_attempts": -1,
                "max_doublings": 3,
                "min_backoff": Duration(seconds=10),
                "max_backoff": Duration(seconds=300),
                "max_retry_duration": Duration(seconds=60),
            },
        )
    )
    assert QueueLimits(
        rate=2.5,
        burst=10,
        concurrency=7,
        policy=RetryPolicy(
            max_attempts=-1,
            max_retry_duration=60 * SECOND,
            min_backoff=10 * SECOND,
            max_backoff=300 * SECOND,
            max_doublings=3,
        ),
    ) == limits_of(full)


@pytest.mark.parametrize(
    ("rate", "burst"),
    [(0.25, 10), (1.0, 10), (500.0, 100)],  # as the service was seen to set them
)
def test_the_burst_follows_the_rate_and_not_the_caller(rate: float, burst: int) -> None:
    limits = {"max_dispatches_per_second": rate, "max_burst_size": -7}
    assert burst == complete(queue(rate_limits=limits)).rate_limits.max_burst_size


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"rate_limits": {"max_dispatches_per_second": -1}},
            "RateLimits.maxDispatchesPerSecond cannot be negative.",
        ),
        (
            {"rate_limits": {"max_dispatches_per_second": float("nan")}},
            "RateLimits.maxDispatchesPerSecond cannot be negative.",
        ),
        (
            {"rate_limits": {"max_dispatches_per_second": 500.01}},
            "RateLimits.maxDispatchesPerSecond must be less than or equal to 500.",
        ),
        (
            {"rate_limits": {"max_dispatches_per_second": float("inf")}},
            "RateLimits.maxDispatchesPerSecond must be less than or equal to 500.",
        ),
        (
            {"rate_limits": {"max_concurrent_dispatches": -1}},
            "RateLimits.maxConcurrentDispatches cannot be negative.",
        ),
        (
            {"rate_limits": {"max_concurrent_dispatches": 5001}},
            "RateLimits.maxConcurrentDispatches must be less than or equal to 5000.",
        ),
        (
            {"retry_config": {"max_attempts": -2}},
            "RetryConfig.maxAttempts must be greater or equal to -1.",
        ),
        (
            {"retry_config": {"max_doublings": -1}},
            "RetryConfig.maxDoublings cannot be negative.",
        ),
        (
            {"retry_config": {"min_backoff": Duration(seconds=-1)}},
            "RetryConfig.minBackoff cannot be negative.",
        ),
        (
            {"retry_config": {"max_retry_duration": Duration(nanos=-5000)}},
            "RetryConfig.maxRetryDuration cannot be negative.",
        ),
        (
            {"retry_config": {"max_backoff": Duration(seconds=2**62)}},
            "RetryConfig.maxBackoff is longer than a duration can be.",
        ),
        (
            {
                "retry_config": {
                    "min_backoff": Duration(seconds=10),
                    "max_backoff": Duration(seconds=5),
                }
            },
            "RetryConfig.minBackoff must be less than or equal to RetryConfig.maxBackoff.",
        ),
        (
            {"stackdriver_logging_config": {"sampling_ratio": 1.5}},
            "StackdriverLoggingConfig.samplingRatio must be between 0.0 and 1.0.",
        ),
    ],
)
def test_a_setting_out_of_range_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(CallRefused) as refusal:
        complete(queue(**fields))
    assert ("INVALID_ARGUMENT", message) == (refusal.value.status, str(refusal.value))


@pytest.mark.parametrize(
    "fields",
    [
        {"http_target": {"http_method": "GET"}},
        {"app_engine_routing_override": {"service": "default"}},
    ],
)
def test_a_setting_without_a_part_here_is_refused_rather_than_ignored(
    fields: dict[str, Any],
) -> None:
    with pytest.raises(CallRefused, match="not implemented by this emulator") as refusal:
        complete(queue(**fields))
    assert "UNIMPLEMENTED" == refusal.value.status


def test_a_mask_changes_what_it_names_and_nothing_else() -> None:
    current = complete(queue(rate_limits={"max_dispatches_per_second": 5}))
    merged = merge(
        current,
        queue(
            rate_limits={"max_dispatches_per_second": 99, "max_concurrent_dispatches": 3},
            retry_config={"max_attempts": 4},
        ),
        FieldMask(paths=["rate_limits.max_concurrent_dispatches"]),
    )
    assert (5.0, 3, 100) == (
        merged.rate_limits.max_dispatches_per_second,
        merged.rate_limits.max_concurrent_dispatches,
        merged.retry_config.max_attempts,
    )


def test_a_masked_field_that_is_not_given_goes_back_to_its_default() -> None:
    current = complete(queue(retry_config={"max_attempts": 4}))
    merged = merge(current, queue(), FieldMask(paths=["retry_config"]))
    assert 100 == merged.retry_config.max_attempts


def test_an_empty_mask_changes_everything() -> None:
    current = complete(queue(retry_config={"max_attempts": 4}))
    changed = queue(rate_limits={"max_dispatches_per_second": 3})
    merged = merge(current, changed, FieldMask())
    assert (100, 3.0) == (
        merged.retry_config.max_attempts,
        merged.rate_limits.max_dispatches_per_second,
    )


def test_output_only_fields_cannot_be_changed() -> None:
    current = complete(queue())
    changed = queue(state=QueueState.PAUSED, rate_limits={"max_burst_size": 1})
    changed.name = "projects/p/locations/l/queues/other"
    mask = FieldMask(paths=["name", "state", "rate_limits.max_burst_size"])
    assert current == merge(current, changed, mask)


def test_a_mask_of_unknown_fields_is_refused() -> None:
    with pytest.raises(CallRefused, match="Invalid update_mask"):
        merge(complete(queue()), queue(), FieldMask(paths=["no_such_field"]))


def test_a_policy_survives_being_stored() -> None:
    config = RetryConfig(max_attempts=7, max_doublings=2, min_backoff=Duration(seconds=1))
    assert 7 == parse_policy(config.SerializeToString()).max_attempts
