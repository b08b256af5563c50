"""What definitions want Logfire to hold: bodies as the API takes them, still without secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from telemetry.definitions import (
    Alert,
    Channel,
    Dashboard,
    Delivery,
    PersesDashboard,
    Schedule,
    Slo,
    compile_dashboard,
)
from telemetry.definitions.channels import DAYS
from telemetry.definitions.durations import format_iso
from telemetry.definitions.models import secret_variable
from telemetry.errors import InvalidTarget
from telemetry.sync.canonical import canonical
from telemetry.sync.resources import Key, Kind
from telemetry.sync.state import STATE_SLUG

if TYPE_CHECKING:
    from telemetry.definitions import Definition, Definitions
    from telemetry.definitions.models import Model

SECRETS: Final = {"webhook": "url", "opsgenie": "auth_key", "pagerduty": "routing_key"}
"""The key of a channel's config that holds its secret, by type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Hold what an object is to be.

    Attributes:
        kind: Its kind.
        identity: Its slug, name or label.
        body: As the API takes it, with labels for the ids of channels and schedules, references
            for secrets, and without the marker.
        place: Where it is defined, for messages.
    """

    kind: Kind
    identity: str
    body: Mapping[str, Any]
    place: str = ""

    @property
    def key(self) -> Key:
        """Kind and identity."""
        return self.kind, self.identity

    @property
    def canonical(self) -> dict[str, Any]:
        """The canonical form of its body."""
        return canonical(self.kind, self.body)

    @property
    def secret(self) -> str:
        """The environment variable of its secret; "" where it has none."""
        return secret_of(self.kind, self.body)


def secret_of(kind: Kind, body: Mapping[str, Any]) -> str:
    """Return the environment variable of the secret in a body; "" where it has none."""
    config = body.get("config")
    if kind is not Kind.CHANNEL or not isinstance(config, Mapping):
        return ""
    reference = config.get(SECRETS.get(str(config.get("type")), ""))
    return secret_variable(reference) if isinstance(reference, str) else ""


def make_targets(definitions: Definitions) -> list[Target]:
    """Return what definitions want, in the order it is to be written in.

    Raises:
        InvalidTarget: One cannot be written.
    """
    targets = [
        *(_schedule(each) for each in definitions.schedules),
        *(_channel(each) for each in definitions.channels),
        *(_alert(each) for each in definitions.alerts),
        *(_slo(each) for each in definitions.slos),
        *(_dashboard(each) for each in definitions.dashboards),
    ]
    for target in targets:
        if target.key == (Kind.DASHBOARD, STATE_SLUG):
            raise InvalidTarget(
                f"{target.place}: the slug {STATE_SLUG} is mystage's own. Choose another one"
            )
    return targets


_SENDABLE: Final = re.compile(r"[^\s\x00-\x20\x7f-\x9f\ud800-\udfff]+")


def read_secrets(
    targets: Sequence[Target], environment: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the values of all secrets, by their variables.

    Raises:
        InvalidTarget: Variables are not set, or not to something that can be sent; it names all.
    """
    environment = os.environ if environment is None else environment
    missing = [each for each in targets if each.secret and not environment.get(each.secret)]
    if missing:
        raise InvalidTarget(
            "\n".join(
                f"{each.place or each.identity}: {each.secret}, the secret of the channel"
                f" {each.identity!r}, is not set in the environment"
                for each in missing
            )
        )
    secrets = {each.secret: environment[each.secret] for each in targets if each.secret}
    if odd := sorted(name for name, value in secrets.items() if not _SENDABLE.fullmatch(value)):
        raise InvalidTarget(
            f"{', '.join(odd)}: a secret is text without spaces and control characters; perhaps"
            " there is a line's end behind it"
        )
    return secrets


def _target(definition: Definition[Model], kind: Kind, identity: str, body: Any) -> Target:
    return Target(kind=kind, identity=identity, body=body, place=str(definition.place()))


def _deliveries(deliveries: Sequence[Delivery]) -> list[dict[str, str]]:
    return [
        {"channel": each.channel, **({"schedule": each.schedule} if each.schedule else {})}
        for each in deliveries
    ]


def _alert(definition: Definition[Alert]) -> Target:
    model = definition.model
    body = {
        "name": model.name,
        "description": model.description,
        "active": model.active,
        "query": model.sql,
        "time_window": format_iso(model.window),
        "frequency": format_iso(model.every),
        "watermark": format_iso(model.watermark),
        "environments": list(model.environments),
        "channel_assignments": _deliveries(model.channels),
        "notify_when": model.notify_when,
    }
    return _target(definition, Kind.ALERT, model.name, body)


def _slo(definition: Definition[Slo]) -> Target:
    model = definition.model
    body: dict[str, Any] = {
        "name": model.name,
        "description": model.description,
        "scope_kind": model.scope,
        "scope_value": model.scope_value,
        "source": model.source,
        "total_query": model.total,
        "bad_query": model.bad,
        "target_percent": format(model.target, "f"),
        "rolling_window_seconds": model.window,
        "environments": list(model.environments),
        "alerts": {
            speed: {
                "channel_assignments": _deliveries(getattr(model.alerts, speed).channels),
            }
            for speed in ("fast", "medium", "slow")
        },
    }
    optional = {
        "metric_aggregation": model.aggregation,
        "threshold": model.threshold,
        "comparison": model.comparison,
    }
    body.update({key: value for key, value in optional.items() if value is not None})
    return _target(definition, Kind.SLO, model.name, body)


def _channel(definition: Definition[Channel]) -> Target:
    model = definition.model
    body = {
        "label": model.label,
        "active": model.active,
        "config": model.config.model_dump(mode="json"),
    }
    return _target(definition, Kind.CHANNEL, model.label, body)


def _schedule(definition: Definition[Schedule]) -> Target:
    model = definition.model
    windows = [
        {
            "days": sorted({DAYS.index(day) + 1 for day in window.days}),
            "start_time": window.start,
            "end_time": window.end,
        }
        for window in model.windows
    ]
    body = {"label": model.label, "timezone": model.timezone, "windows": windows}
    return _target(definition, Kind.SCHEDULE, model.label, body)


def _dashboard(definition: Definition[Dashboard | PersesDashboard]) -> Target:
    model = definition.model
    compiled = compile_dashboard(model)
    spec = dict(compiled["spec"])
    for noise in ("annotations", "links"):
        spec.pop(noise, None)  # the API drops them
    body = {
        "name": model.name,
        "slug": model.slug,
        "definition": {"kind": "Dashboard", "metadata": {"name": model.slug}, "spec": spec},
    }
    return _target(definition, Kind.DASHBOARD, model.slug, body)
