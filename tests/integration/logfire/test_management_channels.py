"""Channels, schedules and tokens: secrets are taken and never given back, nor kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from management_client import SCHEDULE, SLACK, WEBHOOK, Api, places

if TYPE_CHECKING:
    from pathlib import Path

KEY = "0123456789abcdef"
MASKED_KEY = "**********cdef"
INSTALLED = {"install_id": "i-1"}


@pytest.mark.parametrize(
    ("sent", "given_back"),
    [
        (
            {"type": "webhook", "url": SLACK},
            {"type": "webhook", "format": "auto", "url": "https://hooks.slack.com/**********"},
        ),
        (
            {"type": "webhook", "format": "raw-data", "url": "http://me:pw@[::1]:8080/p?q=1#f"},
            {"type": "webhook", "format": "raw-data", "url": "http://[::1]:8080/**********"},
        ),
        (
            {"type": "webhook", "format": "slack-legacy", "url": "https://example.com?token=abc"},
            {"type": "webhook", "format": "slack-legacy", "url": "https://example.com/**********"},
        ),
        ({"type": "opsgenie", "auth_key": KEY}, {"type": "opsgenie", "auth_key": MASKED_KEY}),
        # Four characters of so few would tell too much.
        ({"type": "opsgenie", "auth_key": "short"}, {"type": "opsgenie", "auth_key": "**********"}),
        (
            {"type": "pagerduty", "routing_key": KEY},
            {"type": "pagerduty", "routing_key": MASKED_KEY, "region": "us"},
        ),
        (
            {"type": "pagerduty", "routing_key": KEY, "region": "eu"},
            {"type": "pagerduty", "routing_key": MASKED_KEY, "region": "eu"},
        ),
        (
            {"type": "slack-integration", **INSTALLED, "channel_id": "C1"},
            {
                "type": "slack-integration",
                **INSTALLED,
                "channel_id": "C1",
                "include_agent_prompt": False,
            },
        ),
        (
            {"type": "pagerduty-integration", **INSTALLED, "service_id": "P1"},
            {"type": "pagerduty-integration", **INSTALLED, "service_id": "P1"},
        ),
        ({"type": "email"}, {"type": "email"}),
    ],
)
def test_a_channel_is_given_back_with_its_secret_masked(
    api: Api, sent: dict[str, Any], given_back: dict[str, Any]
) -> None:
    made = api.make("channels", config=sent)

    assert given_back == made["config"]
    assert made == api.read("channels", made["id"])
    assert [made] == api.read_all("channels")
    other = api.make("channels", label="other", config={"type": "email"})
    assert given_back == api.change("channels", other["id"], config=sent).json()["config"]


def test_a_channel_is_made_active_and_switched_off_by_a_change(api: Api) -> None:
    made = api.make("channels", active=False)
    assert made["active"] is True

    for wanted in (False, True):
        answer = api.change("channels", made["id"], active=wanted)
        assert wanted == answer.json()["active"]
        assert wanted == api.read("channels", made["id"])["active"]


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"type": "webhook", "url": SLACK}, "url"),
        ({"type": "opsgenie", "auth_key": KEY}, "auth_key"),
        ({"type": "opsgenie", "auth_key": "short"}, "auth_key"),
        ({"type": "pagerduty", "routing_key": KEY}, "routing_key"),
    ],
)
def test_a_masked_secret_cannot_be_written_back(
    api: Api, config: dict[str, str], field: str
) -> None:
    made = api.make("channels", config=config)
    place = ["body", "config", config["type"], field]

    assert [place] == places(api.change("channels", made["id"], config=made["config"]))
    assert [place] == places(
        api.send("POST", api.path("channels"), {"label": "x", "config": made["config"]})
    )
    assert [made] == api.read_all("channels")


def test_two_channels_and_two_schedules_may_be_called_alike(api: Api) -> None:
    for collection in ("channels", "schedules"):
        first, second = api.make(collection), api.make(collection)
        assert [first, second] == api.read_all(collection)


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ({}, []),
        ({"type": "pigeon"}, []),
        ({"type": "webhook"}, ["webhook", "url"]),
        ({"type": "webhook", "url": ""}, ["webhook", "url"]),
        ({"type": "webhook", "url": "hooks.slack.com/x"}, ["webhook", "url"]),
        ({"type": "webhook", "url": "ftp://host/x"}, ["webhook", "url"]),
        ({"type": "webhook", "url": "https:///x"}, ["webhook", "url"]),
        ({"type": "webhook", "url": "https://host:port/x"}, ["webhook", "url"]),
        ({"type": "webhook", "url": "https://[::1/x"}, ["webhook", "url"]),
        ({"type": "webhook", "url": SLACK, "format": "xml"}, ["webhook", "format"]),
        ({"type": "webhook", "url": SLACK, "auth_key": "k"}, ["webhook", "auth_key"]),
        ({"type": "opsgenie"}, ["opsgenie", "auth_key"]),
        ({"type": "opsgenie", "auth_key": None}, ["opsgenie", "auth_key"]),
        ({"type": "pagerduty", "routing_key": KEY, "region": "mars"}, ["pagerduty", "region"]),
        (
            {"type": "slack-integration", "channel_id": "C1"},
            ["slack-integration", "install_id"],
        ),
        (
            {"type": "pagerduty-integration", "install_id": "i-1"},
            ["pagerduty-integration", "service_id"],
        ),
        ({"type": "email", "to": "me"}, ["email", "to"]),
    ],
)
def test_what_is_no_config_is_refused_where_it_is_wrong(
    api: Api, config: dict[str, Any], place: list[str]
) -> None:
    refused = api.send("POST", api.path("channels"), WEBHOOK | {"config": config})
    assert [["body", "config", *place]] == places(refused)
    made = api.make("channels")
    assert [["body", "config", *place]] == places(api.change("channels", made["id"], config=config))
    assert [made] == api.read_all("channels")


@pytest.mark.parametrize("label", ["", None, "x" * 201])
def test_a_channel_needs_a_label(api: Api, label: Any) -> None:
    made = api.make("channels")

    assert [["body", "label"]] == places(api.change("channels", made["id"], label=label))
    assert [["body", "label"]] == places(
        api.send("POST", api.path("channels"), WEBHOOK | {"label": label})
    )


WINDOW: dict[str, Any] = {"days": [1, 2, 5], "start_time": "09:00", "end_time": "18:00"}


def test_a_schedule_is_given_back_with_its_days_in_order(api: Api) -> None:
    made = api.make("schedules", windows=[WINDOW | {"days": [7, 1, 3]}])

    assert ("Europe/Paris", [WINDOW | {"days": [1, 3, 7]}]) == (made["timezone"], made["windows"])
    assert made == api.read("schedules", made["id"])


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"label": ""}, ["label"]),
        ({"timezone": "Mars/Base"}, ["timezone"]),
        ({"timezone": "../etc/passwd"}, ["timezone"]),
        ({"timezone": ""}, ["timezone"]),
        ({"windows": []}, ["windows"]),
        ({"windows": [WINDOW | {"days": []}]}, ["windows", 0, "days"]),
        ({"windows": [WINDOW | {"days": [1, 1]}]}, ["windows", 0, "days"]),
        ({"windows": [WINDOW | {"days": [0]}]}, ["windows", 0, "days", 0]),
        ({"windows": [WINDOW | {"days": [1, 8]}]}, ["windows", 0, "days", 1]),
        ({"windows": [WINDOW | {"days": ["mon"]}]}, ["windows", 0, "days", 0]),
        ({"windows": [WINDOW | {"start_time": "9:00"}]}, ["windows", 0, "start_time"]),
        ({"windows": [WINDOW | {"start_time": "09:60"}]}, ["windows", 0, "start_time"]),
        ({"windows": [WINDOW | {"end_time": "24:00"}]}, ["windows", 0, "end_time"]),
        ({"windows": [WINDOW | {"end_time": "18:00:00"}]}, ["windows", 0, "end_time"]),
        ({"windows": [WINDOW | {"end_time": "18:00\n"}]}, ["windows", 0, "end_time"]),
        ({"windows": [WINDOW | {"end_time": "09:00"}]}, ["windows", 0]),
        ({"windows": [WINDOW, WINDOW | {"end_time": "08:00"}]}, ["windows", 1]),
        ({"windows": [WINDOW | {"note": "x"}]}, ["windows", 0, "note"]),
    ],
)
def test_what_is_no_schedule_is_refused_where_it_is_wrong(
    api: Api, changes: dict[str, Any], place: list[str]
) -> None:
    refused = api.send("POST", api.path("schedules"), SCHEDULE | changes)
    assert [["body", *place]] == places(refused)
    made = api.make("schedules")
    assert [["body", *place]] == places(api.change("schedules", made["id"], **changes))
    assert [made] == api.read_all("schedules")


@pytest.mark.parametrize("collection", ["read-tokens", "write-tokens"])
def test_a_token_is_told_once(api: Api, collection: str) -> None:
    made, other = api.make(collection), api.make(collection)
    token = made.pop("token")

    # Where a token of Logfire's own form is found, telemetry goes to Logfire.
    assert token.startswith("mystage_")
    assert token != other.pop("token")
    assert "for CI" == made["description"]
    assert [made, other] == api.read_all(collection)
    assert made == api.read(collection, made["id"])


def test_a_token_needs_no_body(api: Api) -> None:
    assert 201 == api.send("POST", api.path("read-tokens")).status_code


def test_tokens_to_read_and_to_write_are_kept_apart(api: Api) -> None:
    api.make("read-tokens")

    assert [] == api.read_all("write-tokens")


def test_no_secret_is_in_any_answer_or_on_the_disk(api: Api, tmp_path: Path) -> None:
    secrets = ["S3CRETPATH", "S3CRETUSER", "S3CRETQUERY", "S3CRETKEY0"]
    url = "https://S3CRETUSER:S3CRETUSER@host/S3CRETPATH?x=S3CRETQUERY"
    configs: list[dict[str, Any]] = [
        {"type": "webhook", "url": url},
        {"type": "opsgenie", "auth_key": "S3CRETKEY0-abcd"},
        {"type": "pagerduty", "routing_key": "S3CRETKEY0-abcd"},
    ]
    for config in configs:
        made = api.make("channels", config=config)
        api.change("channels", made["id"], config=config)
        api.make("alerts", name=made["id"], channel_assignments=[{"channel_id": made["id"]}])
        # Nor in one that is refused for that, or for something else.
        for wrong in (
            config | {"extra": 1},
            config | {"url": "S3CRETPATH"},
            config | {"url": "https://S3CRETPATH:S3CRETPATH/**********"},
            config | {"auth_key": ["S3CRETKEY0"], "routing_key": {"S": "S3CRETKEY0"}},
        ):
            places(api.change("channels", made["id"], config=wrong))
        places(api.change("channels", made["id"], config="S3CRETKEY0"))
        places(api.change("channels", made["id"], active="S3CRETKEY0", label=["S3CRETKEY0"]))
    tokens = [api.make(each)["token"] for each in ("read-tokens", "write-tokens")]
    for collection in ("channels", "alerts", "read-tokens", "write-tokens"):
        api.read_all(collection)

    answered = "".join(each.text for each in api.answers)
    files = sorted(tmp_path.iterdir())
    kept = b"".join(path.read_bytes() for path in files)
    assert "management.db" in [path.name for path in files]
    assert b"**********" in kept
    assert [] == [each for each in secrets if each in answered or each.encode() in kept]
    assert [1, 1] == [answered.count(each) for each in tokens]
    assert [] == [each for each in tokens if each.encode() in kept]
