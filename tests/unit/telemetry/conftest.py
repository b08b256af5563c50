from __future__ import annotations

from telemetry.testing import captured_telemetry

__all__ = ["captured_telemetry"]
