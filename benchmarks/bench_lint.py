"""Time ``mystage lint``: 200 dashboards of 10 panels and 200 alerts, cold and with one changed.

Each run is a process of its own, as from a shell. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DASHBOARDS, PANELS, ALERTS = 200, 10, 200
STAGES = ("sourcing", "doc_processing", "extraction_agents", "entity_resolution", "entity_writers")
METRICS = ("task_failed", "task_succeeded", "tasks_dispatched", "venues_created", "artists_found")
KEYS = ("stage", "service", "task_type", "outcome", "error.type")
LEVELS = ("info", "warn", "error")


def series(choose: random.Random) -> tuple[str, str]:
    """Return a query for a chart over time, and its panel's keys."""
    key, stage, level = choose.choice(KEYS), choose.choice(STAGES), choose.choice(LEVELS)
    quantile, least = choose.randrange(50, 100) / 100, choose.randrange(1000)
    sql = f"""SELECT time_bucket($resolution, start_timestamp) AS x,
  attributes->>'{key}' AS series,
  approx_percentile_cont(duration, {quantile}) * 1000 AS slowest,
  count(*) FILTER (WHERE level >= '{level}') AS failing
FROM records
WHERE span_name = 'process {stage}' AND duration * 1000 > {least} AND service_name = $service
GROUP BY x, series
ORDER BY x"""
    return sql, "kind: time-series, metrics: [slowest, failing], group_by: series"


def rates(choose: random.Random) -> tuple[str, str]:
    """Return a query over a metric."""
    metric, key, factor = choose.choice(METRICS), choose.choice(KEYS[:3]), choose.randrange(1, 3600)
    sql = f"""WITH points AS (
  SELECT time_bucket($resolution, recorded_timestamp) AS x, attributes->>'{key}' AS {key},
    metric_increase(value, recorded_timestamp) AS n
  FROM metrics
  WHERE metric_name = '{metric}' AND attributes->>'stage' = ANY($stages::text[])
  GROUP BY 1, 2
)
SELECT x, {key}, n * {factor} AS rate FROM points WHERE x < time_bucket($resolution, now())"""
    return sql, f"kind: time-series, metrics: [rate], group_by: {key}"


def table(choose: random.Random) -> tuple[str, str]:
    """Return a query for a table."""
    level, limit, length = (
        choose.choice(LEVELS),
        choose.randrange(5, 500),
        choose.randrange(20, 400),
    )
    sql = f"""SELECT start_timestamp, trace_id, attributes->>'stage' AS stage,
  left(message, {length}) AS message, exception_type
FROM records
WHERE level >= '{level}' AND is_exception AND service_name = $service
ORDER BY start_timestamp DESC
LIMIT {limit}"""
    return sql, "kind: table"


def share(choose: random.Random) -> tuple[str, str]:
    """Return a query for a bar or pie chart."""
    key, kind, most = choose.choice(KEYS), choose.choice(("bar", "pie")), choose.randrange(3, 60)
    sql = f"""SELECT coalesce(attributes->>'{key}', 'none') AS name, count(*) AS n,
  100.0 * count(*) FILTER (WHERE attributes->>'outcome' <> 'succeeded')
    / nullif(count(*), 0) AS failing
FROM records
WHERE kind = 'span' AND attributes ? 'stage' AND service_name <> $service
GROUP BY 1
HAVING count(*) > {most}
ORDER BY n DESC
LIMIT {most}"""
    return sql, f"kind: {kind}"


def write_corpus(folder: Path, choose: random.Random) -> list[Path]:
    """Write the definitions, and return the files of dashboards."""
    dashboards, alerts = folder / "dashboards", folder / "alerts"
    dashboards.mkdir()
    alerts.mkdir()
    files = []
    for number in range(DASHBOARDS):
        lines = [
            f"kind: Dashboard\nslug: dashboard-{number}\nname: Dashboard {number}\nvariables:",
            "  - {type: text, name: service, default: sourcing}",
            f"  - {{type: list, name: stages, values: [{', '.join(STAGES)}], multiple: true}}",
            "groups:\n  - title: All\n    panels:",
        ]
        for panel in range(PANELS):
            make = (series, rates, table, share)[panel % 4]
            sql, keys = make(choose)
            lines.append(f"      - name: Panel {panel}")
            lines += [f"        {key}" for key in keys.split(", ") if ":" in key]
            if "[slowest" in keys:
                lines[-2:] = ["        metrics: [slowest, failing]", "        group_by: series"]
            lines.append("        sql: |")
            lines += [f"          {line}" for line in sql.splitlines()]
        file = dashboards / f"dashboard-{number}.yaml"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        files.append(file)
    (alerts / "channels.yaml").write_text(
        "{kind: Channel, label: on-call, config: {type: email}}\n", encoding="utf-8"
    )
    for number in range(ALERTS):
        stage, level = choose.choice(STAGES), choose.choice(LEVELS)
        (alerts / f"alert-{number}.yaml").write_text(
            f"""kind: Alert
name: Alert {number}
window: 15m
every: 5m
channels: [{{channel: on-call}}]
sql: |
  SELECT attributes->>'stage' AS stage, count(*) AS failures
  FROM records
  WHERE span_name = 'process {stage}' AND level >= '{level}'
  GROUP BY 1
  HAVING count(*) > {number}
""",
            encoding="utf-8",
        )
    return files


def run(folder: Path) -> tuple[float, str]:
    """Lint the corpus in a process of its own; return its seconds and what it says last."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "telemetry.cli", "lint"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    if done.returncode not in {0, 1}:
        raise SystemExit(done.stderr)
    return seconds, (done.stderr.strip().splitlines() or [""])[-1]


def main() -> None:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="how often the changed one is timed")
    runs = parser.parse_args().runs
    choose = random.Random(7)  # noqa: S311 - the same corpus each time
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = write_corpus(folder, choose)
        cold, said = run(folder)
        unchanged, _ = run(folder)
        changed = []
        for number in range(runs):
            text = files[number].read_text(encoding="utf-8")
            files[number].write_text(
                text.replace("LIMIT ", "LIMIT 1").replace("* 1000", "* 1001"), encoding="utf-8"
            )
            changed.append(run(folder)[0])
    print(
        json.dumps(
            {
                "corpus": f"{DASHBOARDS} dashboards of {PANELS} panels, {ALERTS} alerts",
                "result": said,
                "cold_seconds": round(cold, 2),
                "unchanged_seconds": round(unchanged, 2),
                "one_changed_seconds": round(sorted(changed)[len(changed) // 2], 2),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
