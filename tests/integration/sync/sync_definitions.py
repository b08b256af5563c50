"""What the tests define, and how the command ends."""

from __future__ import annotations

from dataclasses import dataclass

SECRET = "https://hooks.example.com/services/T000/correct-horse-battery"

DEFINITIONS = {
    "dashboards/health.yaml": """\
kind: Dashboard
slug: health
name: Health
groups:
  - title: Failures
    panels:
      - name: Failures
        kind: time-series
        metrics: [n]
        sql: failures.sql
""",
    "dashboards/failures.sql": """\
SELECT time_bucket($resolution, start_timestamp) AS x, count(*) AS n
FROM records
WHERE level >= 'error'
GROUP BY 1
""",
    "alerts/all.yaml": """\
kind: Channel
label: on call
config: {type: webhook, format: slack-blockkit, url: "${HOOK}"}
---
kind: Schedule
label: office hours
timezone: Europe/Paris
windows: [{days: [mon, fri], start: "09:00", end: "18:00"}]
---
kind: Alert
name: Failures
description: See the runbook.
sql: SELECT span_name FROM records WHERE level >= 'error'
window: 24h
every: 5m
channels: [{channel: on call, schedule: office hours}]
---
kind: SLO
name: it works
scope_value: sourcing
total: parent_span_id IS NULL
bad: otel_status_code = 'ERROR'
target: 99.9
alerts: {fast: {channels: [{channel: on call}]}}
""",
}


@dataclass
class Ran:
    """Hold how a command ended."""

    code: int
    out: str
    err: str
