"""Whether, and when, a channel can be told something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from telemetry.emulator.alerting.definitions import find_channel, find_hours
from telemetry.emulator.timestamps import write_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from telemetry.emulator.alerting.definitions import Channel
    from telemetry.emulator.management.rows import Rows

Verdict: TypeAlias = Literal["pending", "held", "dropped", "undeliverable"]


@dataclass(frozen=True, slots=True)
class Route:
    """Hold where something is to go.

    Attributes:
        channel: Which channel; None where it is no more.
        verdict: What becomes of it now.
        reason: Why it is not sent.
        due: When it can be sent; None for never.
    """

    channel: Channel | None
    verdict: Verdict
    reason: str | None
    due: datetime | None


UNKNOWN_ADDRESS: Final = (
    "the channel's address is not known since the emulator was started, for it is a secret and not"
    " kept: write the channel again, with its config"
)


def find_route(rows: Rows, channel_id: str, schedule_ids: Iterable[str], now: datetime) -> Route:
    """Return where something for a channel is to go now.

    Args:
        rows: What the management API keeps.
        channel_id: The channel's UUID.
        schedule_ids: Those of the schedules that say when; within the hours of one it can be sent.
        now: The time.
    """
    channel = find_channel(rows, channel_id)
    if channel is None:
        return Route(None, "dropped", "the channel was deleted", None)
    if not channel.active:
        return Route(channel, "dropped", "the channel is inactive", None)
    if not channel.is_webhook:
        reason = f"the emulator sends to webhooks only, and this is a channel of {channel.type}"
        return Route(channel, "undeliverable", reason, None)
    hours = find_hours(rows, schedule_ids)
    opening = min((each.next_opening(now) for each in hours), default=now)
    if opening > now:
        reason = f"outside the hours of its schedule, which begin at {write_timestamp(opening)}"
        return Route(channel, "held", reason, opening)
    return Route(channel, "pending", None, now)
