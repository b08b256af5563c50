"""What the emulator says of alerts, their runs and their deliveries, in a word each."""

from __future__ import annotations

from typing import Literal, TypeAlias

AlertState: TypeAlias = Literal["firing", "error", "no data", "snoozed", "ok", "inactive"]
"""How an alert stands; what wants to be looked at comes first."""

RunState: TypeAlias = Literal["matches", "clear", "error"]
"""How a run ended."""

DeliveryState: TypeAlias = Literal[
    "pending", "held", "delivered", "failed", "dropped", "undeliverable"
]
"""What became of a message: ``telemetry.emulator.alerting.deliveries`` draws how it changes."""
