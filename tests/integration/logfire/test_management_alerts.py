"""Alerts and objectives: their durations, what they refer to, what the server adds."""

from __future__ import annotations

from typing import Any

import pytest
from management_client import ALERT, NOWHERE, SLO, Api, places

from telemetry.emulator.management.durations import FREQUENCIES, WINDOWS


def test_an_alert_is_read_with_defaults_and_as_one_that_never_ran(api: Api) -> None:
    made = api.make("alerts")

    assert made == {
        **ALERT,
        "id": made["id"],
        "project_id": api.project,
        "organization_id": made["organization_id"],
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
        "created_by_name": "API key",
        "updated_by_name": "API key",
        "description": None,
        "active": True,
        "watermark": "PT0S",
        "environments": [],
        "channel_assignments": [],
        "channels": [],
        "last_run": None,
        "has_matches": False,
        "has_errors": False,
        "result": None,
        "result_length": 0,
    }
    assert made == api.read("alerts", made["id"])
    assert [made] == api.read_all("alerts")


def test_an_alert_shows_its_channels_once_and_masked(api: Api) -> None:
    channel, schedule = api.make("channels"), api.make("schedules")
    assignments = [
        {"channel_id": channel["id"], "schedule_id": schedule["id"]},
        {"channel_id": channel["id"], "schedule_id": None},
    ]
    made = api.make("alerts", channel_assignments=assignments)

    assert (assignments, [channel]) == (made["channel_assignments"], made["channels"])


def test_an_assignment_needs_no_schedule(api: Api) -> None:
    channel = api.make("channels")["id"]
    made = api.make("alerts", channel_assignments=[{"channel_id": channel}])

    assert [{"channel_id": channel, "schedule_id": None}] == made["channel_assignments"]


def test_an_alerts_name_is_taken_until_it_is_another_or_deleted(api: Api) -> None:
    first, second = api.make("alerts"), api.make("alerts", name="other")

    assert 409 == api.send("POST", api.path("alerts"), ALERT).status_code
    assert 409 == api.change("alerts", second["id"], name="failures").status_code
    assert [first, second] == api.read_all("alerts")
    assert 200 == api.change("alerts", first["id"], name="failures").status_code
    assert 200 == api.change("alerts", first["id"], name="third").status_code
    assert 200 == api.change("alerts", second["id"], name="failures").status_code
    api.send("DELETE", api.path("alerts", second["id"]))
    api.make("alerts")


@pytest.mark.parametrize("window", WINDOWS)
def test_these_time_windows_are_taken_and_given_back(api: Api, window: str) -> None:
    assert window == api.make("alerts", time_window=window)["time_window"]


@pytest.mark.parametrize("frequency", FREQUENCIES)
def test_these_frequencies_are_taken_and_given_back(api: Api, frequency: str) -> None:
    assert frequency == api.make("alerts", frequency=frequency)["frequency"]


@pytest.mark.parametrize(
    ("sent", "given_back"),
    [
        ("PT60S", "PT1M"),
        ("PT0H15M", "PT15M"),
        ("PT60M", "PT1H"),
        ("P1D", "PT24H"),
        ("P0DT24H", "PT24H"),
        ("PT1440M", "PT24H"),
        ("PT86400S", "PT24H"),
        ("P1W", "P7D"),
        ("PT168H", "P7D"),
        ("P4W2D", "P30D"),
        ("PT720H", "P30D"),
    ],
)
def test_any_spelling_is_taken_and_one_is_given_back(api: Api, sent: str, given_back: str) -> None:
    assert given_back == api.make("alerts", time_window=sent)["time_window"]


@pytest.mark.parametrize(
    ("sent", "given_back"),
    [
        ("PT0S", "PT0S"),
        ("PT0M", "PT0S"),
        ("PT90S", "PT90S"),
        ("PT120S", "PT2M"),
        ("P1D", "PT24H"),
        ("P2D", "P2D"),
        ("PT25H", "PT25H"),
    ],
)
def test_a_watermark_is_any_duration(api: Api, sent: str, given_back: str) -> None:
    assert given_back == api.make("alerts", watermark=sent)["watermark"]


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"name": ""}, ["name"]),
        ({"query": ""}, ["query"]),
        ({"active": "perhaps"}, ["active"]),
        ({"environments": "prod"}, ["environments"]),
        ({"notify_when": "always"}, ["notify_when"]),
        # Nothing between what is listed.
        ({"time_window": "PT3M"}, ["time_window"]),
        ({"time_window": "PT0S"}, ["time_window"]),
        ({"time_window": "P2D"}, ["time_window"]),
        ({"time_window": "PT15M1S"}, ["time_window"]),
        # No ISO 8601, or more of it than has a length.
        ({"time_window": "15m"}, ["time_window"]),
        ({"time_window": "pt15m"}, ["time_window"]),
        ({"time_window": 900}, ["time_window"]),
        ({"time_window": "P1M"}, ["time_window"]),
        ({"time_window": "P"}, ["time_window"]),
        ({"time_window": "PT"}, ["time_window"]),
        ({"time_window": "P7DT"}, ["time_window"]),
        ({"time_window": "-PT15M"}, ["time_window"]),
        ({"time_window": "PT1.5M"}, ["time_window"]),
        ({"time_window": "PT15M\n"}, ["time_window"]),
        ({"time_window": "PT\u0661M"}, ["time_window"]),
        # Not rarer than daily.
        ({"frequency": "P7D"}, ["frequency"]),
        ({"frequency": "P30D"}, ["frequency"]),
        ({"watermark": "soon"}, ["watermark"]),
        ({"channel_assignments": [{}]}, ["channel_assignments", 0, "channel_id"]),
        (
            {"channel_assignments": [{"channel_id": "on call"}]},
            ["channel_assignments", 0, "channel_id"],
        ),
        (
            {"channel_assignments": [{"channel_id": NOWHERE}]},
            ["channel_assignments", 0, "channel_id"],
        ),
        # What the server adds cannot be sent.
        ({"has_matches": True}, ["has_matches"]),
        ({"channels": []}, ["channels"]),
        ({"id": NOWHERE}, ["id"]),
    ],
)
def test_what_is_no_alert_is_refused_where_it_is_wrong(
    api: Api, changes: dict[str, Any], place: list[str]
) -> None:
    refused = api.send("POST", api.path("alerts"), ALERT | changes)
    assert [["body", *place]] == places(refused)
    assert [] == api.read_all("alerts")
    made = api.make("alerts")
    assert [["body", *place]] == places(api.change("alerts", made["id"], **changes))
    assert [made] == api.read_all("alerts")


@pytest.mark.parametrize("field", ["name", "query", "time_window", "frequency"])
def test_an_alert_needs_these_fields(api: Api, field: str) -> None:
    body = {key: value for key, value in ALERT.items() if key != field}

    assert [["body", field]] == places(api.send("POST", api.path("alerts"), body))


def test_a_schedule_that_is_not_there_is_refused_where_it_is_named(api: Api) -> None:
    assignments = [{"channel_id": api.make("channels")["id"], "schedule_id": NOWHERE}]
    body = ALERT | {"channel_assignments": assignments}

    assert [["body", "channel_assignments", 0, "schedule_id"]] == places(
        api.send("POST", api.path("alerts"), body)
    )


def test_an_identifier_of_a_channel_is_no_schedule_and_the_other_way_round(api: Api) -> None:
    channel, schedule = api.make("channels")["id"], api.make("schedules")["id"]
    body = ALERT | {"channel_assignments": [{"channel_id": schedule, "schedule_id": channel}]}

    assert [["body", "channel_assignments", 0, "channel_id"]] == places(
        api.send("POST", api.path("alerts"), body)
    )


@pytest.mark.parametrize(
    ("collection", "changes"),
    [
        ("alerts", lambda assignments: {"channel_assignments": assignments}),
        ("slos", lambda each: {"alerts": {"medium": {"channel_assignments": each}}}),
    ],
)
@pytest.mark.parametrize("deleted", ["channels", "schedules"])
def test_what_is_in_use_cannot_be_deleted_until_it_is_not(
    api: Api, collection: str, changes: Any, deleted: str
) -> None:
    used = {kind: api.make(kind)["id"] for kind in ("channels", "schedules")}
    user = api.make(collection)
    assignments = [{"channel_id": used["channels"], "schedule_id": used["schedules"]}]
    assert 200 == api.change(collection, user["id"], **changes(assignments)).status_code

    refused = api.send("DELETE", api.path(deleted, used[deleted]))
    assert 409 == refused.status_code
    assert user["name"] in refused.json()["detail"]
    assert 1 == len(api.read_all(deleted))
    api.change(collection, user["id"], **changes([]))
    assert 204 == api.send("DELETE", api.path(deleted, used[deleted])).status_code


def test_an_objective_is_read_with_its_defaults(api: Api) -> None:
    made = api.make("slos")

    nobody: dict[str, Any] = {"channel_assignments": []}
    assert made == {
        **SLO,
        "id": made["id"],
        "project_id": api.project,
        "organization_id": made["organization_id"],
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
        "created_by_name": "API key",
        "updated_by_name": "API key",
        "scope_kind": "service",
        "description": None,
        "source": "records",
        "metric_aggregation": None,
        "threshold": None,
        "comparison": None,
        "environments": [],
        "alerts": {"fast": nobody, "medium": nobody, "slow": nobody},
    }
    assert made == api.read("slos", made["id"])


@pytest.mark.parametrize(
    "changes",
    [
        {"scope_kind": "provider", "scope_value": "openai"},
        {"source": "metrics", "metric_aggregation": "additive"},
        {"source": "metrics", "metric_aggregation": "gauge_fraction"},
        {"source": "metrics", "metric_aggregation": "counter_rate"},
        {
            "source": "metrics",
            "metric_aggregation": "histogram_threshold",
            "threshold": 0.5,
            "comparison": "gt",
        },
        {"environments": ["prod", "staging"]},
        {"target_percent": "99.999"},
        {"rolling_window_seconds": 604_800},
    ],
)
def test_an_objective_may_be_like_this(api: Api, changes: dict[str, Any]) -> None:
    made = api.make("slos", **changes)

    assert changes == {key: made[key] for key in changes}


@pytest.mark.parametrize(
    ("sent", "given_back"), [("99.90", "99.9"), (99.5, "99.5"), (90, "90"), ("1E1", "10")]
)
def test_a_target_is_given_back_in_one_spelling(
    api: Api, sent: str | float, given_back: str
) -> None:
    assert given_back == api.make("slos", target_percent=sent)["target_percent"]


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"name": ""}, ["name"]),
        ({"scope_kind": "cluster"}, ["scope_kind"]),
        ({"scope_value": ""}, ["scope_value"]),
        ({"source": "logs"}, ["source"]),
        ({"total_query": ""}, ["total_query"]),
        ({"bad_query": None}, ["bad_query"]),
        ({"target_percent": "100"}, ["target_percent"]),
        ({"target_percent": "0"}, ["target_percent"]),
        ({"target_percent": "-1"}, ["target_percent"]),
        ({"target_percent": "NaN"}, ["target_percent"]),
        ({"target_percent": "1e-999999999"}, ["target_percent"]),
        ({"target_percent": "most"}, ["target_percent"]),
        ({"rolling_window_seconds": 0}, ["rolling_window_seconds"]),
        ({"rolling_window_seconds": "30d"}, ["rolling_window_seconds"]),
        ({"threshold": "Infinity", "comparison": "gt"}, ["threshold"]),
        ({"threshold": 1, "comparison": "about"}, ["comparison"]),
        ({"alerts": {"sudden": {}}}, ["alerts", "sudden"]),
        (
            {"alerts": {"slow": {"channel_assignments": [{"channel_id": NOWHERE}]}}},
            ["alerts", "slow", "channel_assignments", 0, "channel_id"],
        ),
        # What belongs together is refused as a whole.
        ({"source": "metrics"}, []),
        ({"metric_aggregation": "additive"}, []),
        ({"source": "metrics", "metric_aggregation": "histogram_threshold"}, []),
        ({"threshold": 1}, []),
        ({"comparison": "gt"}, []),
    ],
)
def test_what_is_no_objective_is_refused_where_it_is_wrong(
    api: Api, changes: dict[str, Any], place: list[str]
) -> None:
    assert [["body", *place]] == places(api.send("POST", api.path("slos"), SLO | changes))
    made = api.make("slos")
    assert [["body", *place]] == places(api.change("slos", made["id"], **changes))
    assert [made] == api.read_all("slos")
