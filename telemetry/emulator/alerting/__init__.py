"""Alerts that run on their schedule, and what they find told to channels.

What a run goes through::

    timetable ──▶ evaluations ──▶ journal ◀── courier ──▶ posting
    which are     the query, and   one file,   each channel's    HTTP, once,
    due           is it told?      durable     in order, again   within bounds
                                               where it failed

A run and its deliveries are one transaction of the journal. Where webhooks lead is known to the
management API's ``Addresses``, in memory only.
"""

from __future__ import annotations

from telemetry.emulator.alerting.alerting import Alerting, AlertOptions
from telemetry.emulator.alerting.endpoints import AlertingApi
from telemetry.emulator.alerting.journal import Journal

__all__ = ["AlertOptions", "Alerting", "AlertingApi", "Journal"]
