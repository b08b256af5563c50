"""What the address of a dashboard's page chooses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from starlette.datastructures import QueryParams

from telemetry.console.choices import Chosen, read_choice
from telemetry.definitions import Dashboard

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
HOSTILE = "\"><script>alert(1)</script>&x='"


def make(**more: Any) -> Dashboard:
    return Dashboard.model_validate(
        {
            "kind": "Dashboard",
            "slug": "d",
            "name": "D",
            "duration": "6h",
            "groups": [
                {
                    "title": "G",
                    "panels": [
                        {
                            "name": "P",
                            "kind": "table",
                            "sql": "SELECT 1",
                            "variables": [{"type": "text", "name": "own", "default": "o"}],
                        }
                    ],
                }
            ],
            "variables": [
                {"type": "list", "name": "one", "values": ["a", "b"]},
                {"type": "list", "name": "many", "values": ["c", "d"], "multiple": True},
                {"type": "text", "name": "text", "label": "Text", "default": "t"},
            ],
            **more,
        }
    )


def read(query: str, **more: Any) -> Chosen:
    return read_choice(make(**more), QueryParams(query), NOW)


def span_of(chosen: Chosen) -> tuple[datetime, datetime]:
    return chosen.choice.since, chosen.choice.until


def test_an_address_that_says_nothing_has_what_the_dashboard_says() -> None:
    chosen = read("", refresh="1m")
    assert ((NOW - timedelta(hours=6), NOW), "6h", 60) == (
        span_of(chosen),
        chosen.last,
        chosen.refresh,
    )
    assert [] == chosen.problems


@pytest.mark.parametrize(("last", "hours"), [("1h", 1), ("24h", 24), ("7d", 168), ("PT15M", 0.25)])
def test_last_looks_back_from_now(last: str, hours: float) -> None:
    assert (NOW - timedelta(hours=hours), NOW) == span_of(read(f"last={last}"))


@pytest.mark.parametrize(
    ("query", "since", "until"),
    [
        (
            "from=2026-01-01T10:00&to=2026-01-01T11:30:15",
            datetime(2026, 1, 1, 10, tzinfo=UTC),
            datetime(2026, 1, 1, 11, 30, 15, tzinfo=UTC),
        ),
        ("last=1h&from=2026-01-01T10:00&to=", datetime(2026, 1, 1, 10, tzinfo=UTC), NOW),
        ("from=2026-01-01T10:00%2B02:00", datetime(2026, 1, 1, 8, tzinfo=UTC), NOW),
    ],
)
def test_exact_times_are_in_utc_unless_they_say_otherwise(
    query: str, since: datetime, until: datetime
) -> None:
    chosen = read(query)
    assert ((since, until), "", []) == (span_of(chosen), chosen.last, chosen.problems)


@pytest.mark.parametrize(
    "query",
    [
        "last=soon",
        "last=0h",
        "last=999999999w",
        "last=-1h",
        "from=yesterday",
        "to=2026-01-01T10:00",
        "from=2026-01-01T10:00&to=2025-01-01T10:00",
        "from=0001-01-01T00:00%2B23:59",
        "from=9999-12-31T23:59-23:59",
        "refresh=7",
        "refresh=²",
        "var-one=z",
        "var-many=c&var-many=z",
    ],
)
def test_what_cannot_be_taken_is_told_and_the_usual_shown(query: str) -> None:
    chosen = read(query)
    assert 1 == len(chosen.problems)
    assert ((NOW - timedelta(hours=6), NOW), 0) == (span_of(chosen), chosen.refresh)


def test_variables_of_the_dashboard_and_of_panels_are_controls() -> None:
    controls = read("var-one=b&var-many=d&var-text=u").controls
    assert [
        ("var-one", "one", ("a", "b"), False, ["b"]),
        ("var-many", "many", ("c", "d"), True, ["d"]),
        ("var-text", "Text", (), False, ["u"]),
        ("var-own", "own", (), False, ["o"]),
    ] == [
        (each.name, each.label, tuple(each.values), each.multiple, list(each.chosen))
        for each in controls
    ]


@pytest.mark.parametrize(
    "query",
    [
        "last=1h&var-many=c&var-many=d&refresh=5",
        "from=2026-01-01T10:00:00&to=2026-01-01T11:00:00&refresh=0",
        "last=7d&var-text=a%20%26%20b&refresh=30",
    ],
)
def test_the_address_it_makes_chooses_the_same(query: str) -> None:
    chosen = read(query)
    assert parse_qs(query) == parse_qs(chosen.address())
    assert span_of(chosen) == span_of(read(chosen.address()))


def test_a_quick_time_takes_the_place_of_exact_ones_and_keeps_the_rest() -> None:
    chosen = read("from=2026-01-01T10:00&var-text=u&refresh=5")
    assert {"last": ["1h"], "var-text": ["u"], "refresh": ["5"]} == parse_qs(
        dict(chosen.quick_ranges)["1h"]
    )


def test_an_address_made_of_hostile_values_is_still_one() -> None:
    chosen = read_choice(make(), QueryParams([("var-text", HOSTILE)]), NOW)
    made = chosen.address()
    assert not set('<>"') & set(made)
    assert [HOSTILE] == parse_qs(made)["var-text"]
