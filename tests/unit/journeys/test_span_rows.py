"""Rows of a query become spans, whatever is in them."""

from __future__ import annotations

from typing import Any

import pytest

from telemetry.journeys import read_spans
from telemetry.journeys.spans import COLUMNS


def row(**columns: Any) -> dict[str, Any]:
    known: dict[str, Any] = dict.fromkeys(COLUMNS) | {
        "start_timestamp": "2026-05-01T12:00:00Z",
        "end_timestamp": "2026-05-01T12:00:02.5Z",
        "span_id": "a",
        "kind": "span",
        "level": 9,
        "span_name": "work",
    }
    return known | columns


def pending(of: str, above: str, **columns: Any) -> dict[str, Any]:
    return row(
        span_id=f"pending {of}",
        parent_span_id=of,
        kind="pending_span",
        attributes={"logfire.pending_parent_id": above},
        **columns,
    )


def test_a_span_knows_when_it_was_and_what_it_says() -> None:
    (span,) = read_spans([row(attributes='{"stage": "sourcing"}', service_name="tests")])

    assert (2.5, "sourcing", "tests") == (span.seconds, span.text("stage"), span.service)


def test_a_pending_span_is_left_out_once_its_span_has_ended() -> None:
    spans = read_spans([pending("a", "root"), row(span_id="a", parent_span_id="root")])

    assert [("a", "root", 2.5)] == [(each.id, each.parent_id, each.seconds) for each in spans]


def test_a_pending_span_alone_is_one_that_is_under_way() -> None:
    spans = read_spans([pending("a", "0000000000000000"), pending("b", "a")])

    assert [("a", "", None), ("b", "a", None)] == [
        (each.id, each.parent_id, each.ended) for each in spans
    ]


@pytest.mark.parametrize("attributes", [None, "no JSON", "[1]", "[" * 100_000, [], 7])
def test_attributes_that_are_none_leave_a_span_without(attributes: Any) -> None:
    (span,) = read_spans([row(attributes=attributes, otel_events=attributes)])

    assert ({}, ()) == (span.attributes, span.events)


def test_attributes_of_the_wrong_type_are_as_if_they_were_not_there() -> None:
    attributes = {
        "stage": ["sourcing"],
        "messaging.operation.name": "process",
        "outcome": "<script>",
        "attempt": "2",
        "entity_ids": ["venues/v1", 7],
        "scrape_id": None,
        "source_id": "s1",
    }
    (span,) = read_spans([row(attributes=attributes)])

    assert ("", "", 1) == (span.stage, span.outcome, span.number("attempt", 1))
    assert [("source_id", "s1"), ("entity_ids", "venues/v1")] == span.item_ids()


def test_the_status_says_why_where_there_is_no_exception() -> None:
    (span,) = read_spans([row(otel_status_message="it broke")])

    assert span.exception is not None
    assert "it broke" == span.exception.line
