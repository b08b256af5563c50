"""The pipeline's alerts fire on a bad day, and say what is wrong; on other days they are silent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from crafted_telemetry import DAY, HOUR, MINUTE, Sender, Span, attempt, chat, making
from pipeline_queries import ALERTS, ROOT, ask, ask_query, duration_of

from functions.pipeline import STAGES
from telemetry.child import ServingProcess
from telemetry.definitions.templates import render_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta

    Fired = Callable[[str], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("alerts")
    with ServingProcess(
        "telemetry.cli.emulate", ["--data", str(folder)], name="Logfire emulator"
    ) as process:
        yield process.address


@pytest.fixture
def sender(url: str, request: pytest.FixtureRequest) -> Sender:
    """Send telemetry that only this test asks for."""
    return Sender(url, request.node.name, datetime.now(UTC))


@pytest.fixture
def fired(url: str, sender: Sender) -> Fired:
    """Run an alert over its window and return its rows."""

    def run(name: str) -> list[dict[str, Any]]:
        return ask_query(url, ALERTS[name], environment=sender.environment).rows

    return run


def times(number: int, make: Callable[[], Span]) -> list[Span]:
    return [make() for _ in range(number)]


def test_eleven_errors_of_a_service_in_five_minutes_are_too_many(
    sender: Sender, fired: Fired
) -> None:
    sender.spans(times(11, lambda: attempt("sourcing", "retried", ago=MINUTE)))
    last = attempt("sourcing", "retried", ago=30)
    sender.spans([last])

    (row,) = fired("High error rate")
    assert ("sourcing", 12, last.trace_id.hex()) == (
        row["service"],
        row["errors"],
        row["trace_id"],
    )


def test_ten_errors_of_each_of_two_services_are_not(sender: Sender, fired: Fired) -> None:
    sender.spans(times(10, lambda: attempt("sourcing", "retried", ago=MINUTE)))
    sender.spans(times(10, lambda: attempt("entity_writers", "failed", ago=MINUTE)))
    sender.spans(times(10, lambda: attempt("sourcing", "failed", ago=10 * MINUTE)))

    assert [] == fired("High error rate")


def test_errors_outside_of_stages_count_for_the_service_that_sent_them(
    sender: Sender, fired: Fired
) -> None:
    sender.spans(times(11, lambda: Span(ago=MINUTE, is_error=True)))

    assert [("mystage", 11)] == [
        (row["service"], row["errors"]) for row in fired("High error rate")
    ]


def stall(url: str, last: timedelta, environment: str, *hours: str) -> list[dict[str, Any]]:
    """Run the stall alert with hours of its own: what time it is must not matter to a test."""
    template = (ROOT / "alerts" / "pipeline" / "stall.sql").read_text()
    opens, closes = hours
    sql = render_text(template, {"timezone": "Europe/London", "opens": opens, "closes": closes})
    return ask(url, sql, last, environment=environment).rows


ALWAYS = ("00:00", "24:00")
NEVER = ("24:00", "24:00")


def test_nothing_at_all_in_half_an_hour_is_a_stall(url: str, sender: Sender) -> None:
    window = duration_of(ALERTS["Pipeline stall"])

    assert [{"extractions": 0, "scrapes": 0, "attempts": 0}] == stall(
        url, window, sender.environment, *ALWAYS
    )


def test_scrapes_without_extractions_are_a_stall(url: str, sender: Sender) -> None:
    sender.spans(
        [
            attempt("sourcing", ago=MINUTE, scrapes_created=1),
            attempt("extraction_adapters", ago=40 * MINUTE, extractions_created=1),
            attempt("extraction_agents", "dead_lettered", ago=MINUTE),
        ]
    )
    window = duration_of(ALERTS["Pipeline stall"])

    assert [{"extractions": 0, "scrapes": 1, "attempts": 2}] == stall(
        url, window, sender.environment, *ALWAYS
    )


def test_one_extraction_is_no_stall(url: str, sender: Sender) -> None:
    sender.spans([attempt("extraction_adapters", ago=MINUTE, extractions_created=1)])
    window = duration_of(ALERTS["Pipeline stall"])

    assert [] == stall(url, window, sender.environment, *ALWAYS)


def test_nothing_is_a_stall_outside_of_the_expected_hours(url: str, sender: Sender) -> None:
    window = duration_of(ALERTS["Pipeline stall"])

    assert [] == stall(url, window, sender.environment, *NEVER)


def test_six_dead_letters_of_all_stages_are_a_spike(sender: Sender, fired: Fired) -> None:
    sender.spans(times(4, lambda: attempt("sourcing", "dead_lettered", ago=MINUTE)))
    sender.spans(times(2, lambda: attempt("entity_writers", "dead_lettered", ago=14 * MINUTE)))

    assert [("sourcing", "builtins.OSError", 4), ("entity_writers", "builtins.OSError", 2)] == [
        (row["stage"], row["error_type"], row["dead_letters"]) for row in fired("Dead letter spike")
    ]


def test_five_dead_letters_are_not(sender: Sender, fired: Fired) -> None:
    sender.spans(times(5, lambda: attempt("sourcing", "dead_lettered", ago=MINUTE)))
    sender.spans(times(5, lambda: attempt("sourcing", "dead_lettered", ago=16 * MINUTE)))
    sender.spans(times(5, lambda: attempt("sourcing", "retried", ago=MINUTE)))

    assert [] == fired("Dead letter spike")


def test_a_stage_that_succeeds_less_than_the_day_before_has_dropped(
    sender: Sender, fired: Fired
) -> None:
    sender.spans(times(20, lambda: attempt("sourcing", ago=3 * HOUR)))
    sender.spans(times(6, lambda: attempt("sourcing", ago=MINUTE)))
    sender.spans(times(4, lambda: attempt("sourcing", "failed", ago=MINUTE)))

    assert [("sourcing", 10, 60, 100)] == [
        (row["stage"], row["attempts"], row["success_rate"], row["rate_before"])
        for row in fired("Success rate dropped")
    ]


def test_a_stage_that_never_succeeded_more_has_not_dropped(sender: Sender, fired: Fired) -> None:
    for ago in (MINUTE, 3 * HOUR):
        sender.spans(times(6, lambda ago=ago: attempt("sourcing", ago=ago)))  # type: ignore[misc]
        sender.spans(times(4, lambda ago=ago: attempt("sourcing", "failed", ago=ago)))  # type: ignore[misc]

    assert [] == fired("Success rate dropped")


def test_retries_of_more_than_a_fifth_are_rising(sender: Sender, fired: Fired) -> None:
    sender.spans(times(10, lambda: attempt("sourcing", "retried", ago=MINUTE)))
    sender.spans(times(30, lambda: attempt("sourcing", ago=MINUTE)))

    assert [("sourcing", 10, 40)] == [
        (row["stage"], row["retries"], row["attempts"]) for row in fired("Retries rising")
    ]


def test_retries_of_a_fifth_are_not(sender: Sender, fired: Fired) -> None:
    sender.spans(times(10, lambda: attempt("sourcing", "retried", ago=MINUTE)))
    sender.spans(times(40, lambda: attempt("sourcing", ago=MINUTE)))

    assert [] == fired("Retries rising")


@pytest.mark.parametrize(("seconds", "expected"), [(9, ["sourcing"]), (5.5, [])])
def test_a_stage_is_slow_when_it_takes_three_times_as_long_as_before(
    seconds: float, expected: list[str], sender: Sender, fired: Fired
) -> None:
    sender.spans(times(20, lambda: attempt("sourcing", ago=3 * HOUR, duration=2)))
    sender.spans(times(10, lambda: attempt("sourcing", ago=MINUTE, duration=seconds)))

    assert expected == [row["stage"] for row in fired("Stage slow")]


@pytest.mark.parametrize(("tasks", "expected"), [(11, [("sourcing-queue", 11)]), (10, [])])
def test_tasks_that_nothing_takes_are_waiting(
    tasks: int, expected: list[tuple[str, int]], sender: Sender, fired: Fired
) -> None:
    sender.spans(times(tasks, lambda: making("sourcing-queue", ago=HOUR)))
    sender.spans(times(20, lambda: making("sourcing-queue", ago=MINUTE)))
    for number in range(20):
        sender.spans(
            [
                making("entity-writers-queue", ago=HOUR, task=f"taken {number}"),
                attempt("entity_writers", "retried", ago=50 * MINUTE, task=f"taken {number}"),
            ]
        )

    assert expected == [(row["queue"], row["tasks"]) for row in fired("Tasks waiting")]


def test_a_service_that_sent_nothing_for_a_day_is_silent(sender: Sender, fired: Fired) -> None:
    silent, *others = STAGES
    sender.spans(attempt(stage.name, ago=23 * HOUR) for stage in others)
    sender.spans([attempt(silent.name, ago=25 * HOUR)])

    assert [{"service": silent.service}] == fired("Service silent")


@pytest.mark.parametrize(
    ("before", "cost", "expected"),
    [(0.1, 1.5, [1.5]), (0.1, 0.9, []), (0.6, 1.5, [])],
    ids=["three times as much", "less than a dollar", "as usual"],
)
def test_models_that_cost_more_than_a_dollar_and_three_times_as_much_are_a_spike(
    before: float, cost: float, expected: list[float], sender: Sender, fired: Fired
) -> None:
    sender.spans(chat(ago=(hour + 1.5) * HOUR, cost=before) for hour in range(22))
    dearest = chat(ago=2 * MINUTE, cost=cost)
    sender.spans([dearest])

    rows = fired("AI cost spike")
    assert expected == [row["cost"] for row in rows]
    assert all(dearest.trace_id.hex() == row["trace_id"] for row in rows)


@pytest.mark.parametrize(
    ("created", "found", "expected"),
    [(60, 40, ["venues"]), (30, 70, []), (12, 8, [])],
    ids=["many new ones", "as ever", "few"],
)
def test_a_share_of_new_entities_that_jumps_suggests_duplicates(
    created: int, found: int, expected: list[str], sender: Sender, fired: Fired
) -> None:
    sender.counter("venues_created", (3 * DAY, 20), (2 * HOUR, created))
    sender.counter("venues_found", (3 * DAY, 80), (2 * HOUR, found))
    sender.counter("artists_created", (2 * HOUR, 500))

    assert expected == [row["entity"] for row in fired("Duplicates suspected")]
