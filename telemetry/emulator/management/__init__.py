"""Logfire's management API: dashboards, alerts and what belongs to them, kept in a SQLite file.

What a request goes through::

    endpoints ──▶ management ──▶ resource (alerts, channels, …) ──▶ rows ──▶ database
    HTTP, token   one transaction   what its body must be, what      SQL      one file,
    and body      per request       is kept and what is shown                 durable

A resource's secrets are masked while its body is validated: nothing behind that ever sees them.
"""

from __future__ import annotations

from telemetry.emulator.management.endpoints import VERSION, ManagementApi, VersionHeader
from telemetry.emulator.management.management import Management

__all__ = ["VERSION", "Management", "ManagementApi", "VersionHeader"]
