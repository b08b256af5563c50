"""An item's journey: what became of its tasks, and the line that says so."""

from __future__ import annotations

import pytest
from crafted_spans import STAGES, created, run, span

from telemetry.journeys import Journey, Span, State, follow, summarise


def journey(*spans: Span) -> Journey:
    return follow(sorted(spans, key=lambda each: each.started), STAGES)


def told(*spans: Span) -> str:
    return summarise(journey(*spans))


def through() -> list[Span]:
    """Return the spans of an item that got through, with a retry on the way."""
    return [
        created("sourcing-queue", "t1", 0, id="c1"),
        run("sourcing", "t1", 1, 0.5, "retried", error="500", parent_id="c1"),
        run("sourcing", "t1", 3, 0.5, attempt=2, parent_id="c1", id="r1"),
        created("reading-queue", "t2", 3.2, parent_id="r1", id="c2"),
        run("reading", "t2", 3.7, 0.5, parent_id="c2", id="r2"),
    ]


def test_stages_come_in_the_order_of_the_pipeline_not_of_time() -> None:
    spans = [run("writing", "t3", 1), run("sourcing", "t1", 2), run("elsewhere", "t4", 0)]

    assert ["sourcing", "writing", "elsewhere"] == [v.stage for v in journey(*spans).visits]


def test_a_task_waits_from_its_making_to_its_first_attempt_and_between_attempts() -> None:
    first, second = journey(*through()).visits[0].tasks[0].attempts

    assert (1, 1.0) == (first.number, first.waited)
    assert (2, 1.5) == (second.number, second.waited)


def test_who_got_through_is_told_with_retries() -> None:
    assert "Reached reading after 4.2 s; 1 retry in sourcing" == told(*through())


def test_who_was_given_up_is_told_with_the_error() -> None:
    spans = [
        created("sourcing-queue", "t1", 0),
        run("sourcing", "t1", 1, outcome="retried", error="500"),
        run("sourcing", "t1", 2, outcome="dead_lettered", attempt=2, error="gone"),
    ]

    assert "Stopped in sourcing: dead-lettered after 2 attempts: BrokenError: gone" == told(*spans)


def test_a_task_that_never_began_waits_or_is_lost() -> None:
    spans = [
        created("sourcing-queue", "t1", 0),
        run("sourcing", "t1", 1, id="r1"),
        created("reading-queue", "t2", 1.2, parent_id="r1"),
    ]

    assert State.WAITING is journey(*spans).visits[-1].tasks[0].state
    assert (
        "Waiting for reading, or lost on the way there: sent at 2026-05-01 12:00:01 UTC and not"
        " begun" == told(*spans)
    )


@pytest.mark.parametrize("outcome", ["retried", "dead_lettered", "failed"])
def test_what_a_failed_attempt_had_decided_was_never_sent(outcome: str) -> None:
    spans = [
        run("sourcing", "t1", 1, outcome=outcome, error="500", id="r1"),
        created("reading-queue", "t2", 1.2, parent_id="r1"),
    ]

    assert ["sourcing"] == [visit.stage for visit in journey(*spans).visits]


def test_a_task_that_was_decided_twice_waited_since_the_one_that_was_sent() -> None:
    spans = [
        run("sourcing", "t1", 0, 9, id="r1"),
        created("reading-queue", "t2", 1, parent_id="r1"),
        created("reading-queue", "t2", 5, parent_id="r1", id="c2"),
        run("reading", "t2", 7, parent_id="c2"),
    ]
    (task,) = journey(*spans).visits[1].tasks

    assert 2.0 == task.waited


def test_who_is_to_be_retried_or_under_way_is_told_so() -> None:
    failed = run("reading", "t1", 1, outcome="retried", attempt=3, error="busy")
    going = run("reading", "t1", 2, None, attempt=4)

    assert "Waits in reading to be tried again after 3 attempts: BrokenError: busy" == told(failed)
    assert "Under way in reading: attempt 4 began at 12:00:02 UTC" == told(failed, going)


def test_a_duplicate_delivery_changes_nothing() -> None:
    spans = [run("reading", "t1", 1), run("reading", "t1", 2, outcome="duplicate", attempt=2)]

    assert State.SUCCEEDED is journey(*spans).tasks[0].state


def test_of_several_parts_the_one_that_was_given_up_is_told_of_first() -> None:
    spans = [
        run("sourcing", "t1", 0, id="r1"),
        run("reading", "t2", 1, outcome="dead_lettered", error="no events"),
        run("reading", "t3", 1),
        run("writing", "t4", 2),
        created("writing-queue", "t5", 2),
    ]

    assert (
        "Stopped in reading: dead-lettered after 1 attempt: BrokenError: no events;"
        " 1 more task did not get through; the rest reached writing" == told(*spans)
    )


def test_a_trace_without_stages_is_told_as_such() -> None:
    assert "No stage of a pipeline is in this trace: 2 spans over 2 s" == told(
        span(0, 1.0), span(1, 1.0)
    )


def test_the_line_is_one_line_whatever_an_error_says() -> None:
    spans = [run("reading", "t1", 1, outcome="failed", error="a\nb\x1b[31m")]

    assert r"Stopped in reading: failed after 1 attempt: BrokenError: a\nb\x1b[31m" == told(*spans)
