"""Canonical forms: two bodies mean the same to Logfire where their canonical forms are equal.

Definitions and what the API gives back are both brought into them and then compared, so that
what a server adds, drops, orders or spells otherwise is never a change. A canonical form is itself
a body, in which channels and schedules have their labels for ids, and no secret is left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from telemetry.definitions.durations import format_iso, parse_duration
from telemetry.sync.canonical_dashboards import canonical_dashboard
from telemetry.sync.markers import strip_marker
from telemetry.sync.resources import Kind
from telemetry.sync.shapes import as_list, as_mapping, clean_text, tidy, tidy_mapping

MASK: Final = "**********"
"""What stands for a secret, as in Logfire's own answers."""

_REFERENCE: Final = re.compile(r"\$\{\w+\}")
_SECRET: Final = re.compile(r"url|key|token|secret|password", re.IGNORECASE)
_CHANNEL_DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    "webhook": {"format": "auto"},
    "pagerduty": {"region": "us"},
    "slack-integration": {"include_agent_prompt": False},
}


@dataclass(frozen=True, slots=True)
class Labels:
    """Hold what the ids of channels and schedules stand for."""

    channels: Mapping[str, str] = field(default_factory=dict)
    schedules: Mapping[str, str] = field(default_factory=dict)


def canonical(kind: Kind, body: Mapping[str, Any], labels: Labels | None = None) -> dict[str, Any]:
    """Return the canonical form of a body.

    Args:
        kind: What it is the body of.
        body: As it is written or read, or a canonical form.
        labels: What ids in it stand for.
    """
    return _FORMS[kind](body, labels or Labels())


def _alert(body: Mapping[str, Any], labels: Labels) -> dict[str, Any]:
    assigned = body.get("channel_assignments")
    if assigned is None:
        assigned = [
            {"channel_id": as_mapping(each).get("id")} for each in as_list(body, "channels")
        ]
    return tidy_mapping(
        {
            "name": body.get("name"),
            "description": strip_marker(str(body.get("description") or "")),
            "active": body.get("active") is not False,
            "query": clean_text(str(body.get("query") or "")),
            "time_window": _duration(body.get("time_window")),
            "frequency": _duration(body.get("frequency")),
            "watermark": _duration(body.get("watermark") or "PT0S"),
            "notify_when": body.get("notify_when"),
            "environments": _names(body.get("environments")),
            "channel_assignments": _assignments(assigned, labels),
        }
    )


def _slo(body: Mapping[str, Any], labels: Labels) -> dict[str, Any]:
    alerts = as_mapping(body.get("alerts"))
    return tidy_mapping(
        {
            "name": body.get("name"),
            "description": strip_marker(str(body.get("description") or "")),
            "scope_kind": body.get("scope_kind"),
            "scope_value": body.get("scope_value"),
            "source": body.get("source") or "records",
            "metric_aggregation": body.get("metric_aggregation"),
            "total_query": clean_text(str(body.get("total_query") or "")),
            "bad_query": clean_text(str(body.get("bad_query") or "")),
            "threshold": body.get("threshold"),
            "comparison": body.get("comparison"),
            "target_percent": _decimal(body.get("target_percent")),
            "rolling_window_seconds": body.get("rolling_window_seconds"),
            "environments": _names(body.get("environments")),
            "alerts": {
                speed: {
                    "channel_assignments": _assignments(
                        as_mapping(alerts.get(speed)).get("channel_assignments"), labels
                    )
                }
                for speed in ("fast", "medium", "slow")
            },
        }
    )


def _channel(body: Mapping[str, Any], labels: Labels) -> dict[str, Any]:  # noqa: ARG001 - as the others
    config = as_mapping(body.get("config"))
    full = {**_CHANNEL_DEFAULTS.get(str(config.get("type")), {}), **tidy(config)}
    return {
        "label": body.get("label"),
        "active": body.get("active") is not False,
        "config": {key: hide_secret(key, value) for key, value in full.items()},
    }


def hide_secret(key: str, value: Any) -> Any:
    """Return a value of a channel's config, masked if it may be a secret.

    What is not known to be harmless by its name is masked, also where a server does not mask it.
    """
    if not is_secret(key) or not isinstance(value, str) or _REFERENCE.fullmatch(value):
        return value
    return MASK


def is_secret(key: str) -> bool:
    """Say whether a key of a channel's config may hold a secret."""
    return _SECRET.search(key) is not None


def _schedule(body: Mapping[str, Any], labels: Labels) -> dict[str, Any]:  # noqa: ARG001 - as the others
    windows = [
        {
            "days": sorted({day for day in as_list(window, "days") if isinstance(day, int)}),
            # A server may write seconds.
            "start_time": str(as_mapping(window).get("start_time") or "")[:5],
            "end_time": str(as_mapping(window).get("end_time") or "")[:5],
        }
        for window in as_list(body, "windows")
    ]
    return {
        "label": body.get("label"),
        "timezone": body.get("timezone") or "UTC",
        "windows": sorted(windows, key=lambda each: (each["days"], each["start_time"], str(each))),
    }


def _dashboard(body: Mapping[str, Any], labels: Labels) -> dict[str, Any]:  # noqa: ARG001 - as the others
    return canonical_dashboard(body)


_FORMS: Final[dict[Kind, Callable[[Mapping[str, Any], Labels], dict[str, Any]]]] = {
    Kind.ALERT: _alert,
    Kind.SLO: _slo,
    Kind.CHANNEL: _channel,
    Kind.SCHEDULE: _schedule,
    Kind.DASHBOARD: _dashboard,
}


def _assignments(assigned: Any, labels: Labels) -> list[dict[str, str]]:
    """Return whom an alert tells, by labels; the order does not matter."""
    found = set()
    for each in assigned if isinstance(assigned, Sequence) else ():
        entry = as_mapping(each)
        channel = entry.get("channel") or _label(entry.get("channel_id"), labels.channels)
        schedule = entry.get("schedule") or _label(entry.get("schedule_id"), labels.schedules)
        if channel:
            found.add((str(channel), str(schedule or "")))
    return [
        {"channel": channel, **({"schedule": schedule} if schedule else {})}
        for channel, schedule in sorted(found)
    ]


def _label(identifier: Any, labels: Mapping[str, str]) -> str:
    """Return what an id stands for; of one that nobody knows, the id itself."""
    return labels.get(str(identifier), f"id:{identifier}") if identifier else ""


def _names(value: Any) -> list[str]:
    return sorted({each for each in value if isinstance(each, str)}) if value else []


def _duration(value: Any) -> Any:
    """Return a duration as mystage writes it: P1D, PT1440M and PT24H are the same."""
    try:
        return format_iso(parse_duration(value))
    except (ValueError, AttributeError):
        return value


def _decimal(value: Any) -> Any:
    """Return a number without the zeros that make no difference: 99.90 is 99.9."""
    try:
        return format(Decimal(str(value)).normalize(), "f")
    except InvalidOperation:
        return value
