"""Time ``mystage test``: 500 unit tests of 50 alerts, as a process from its start to its end.

Beside it, what of that is starting: the same command with one of the tests. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ALERTS, TESTS = 50, 10
STAGES = ("sourcing", "doc_processing", "extraction_agents", "entity_resolution", "entity_writers")

QUERIES = (
    # How many, by stage.
    """SELECT attributes->>'stage' AS stage, count(*) AS n, last_value(trace_id ORDER BY
    start_timestamp) AS trace_id FROM records WHERE level >= 'error' AND attributes->>'stage' =
    '{stage}' GROUP BY 1 HAVING count(*) > {most} ORDER BY n DESC LIMIT 20""",
    # A share of all.
    """SELECT attributes->>'stage' AS stage, count(*) FILTER (WHERE level >= 'error') AS n
    FROM records WHERE attributes->>'stage' = '{stage}' GROUP BY 1
    HAVING count(*) FILTER (WHERE level >= 'error') > {most}
    AND 2 * count(*) FILTER (WHERE level >= 'error') > count(*)""",
    # Now, beside what was before.
    """WITH both AS (SELECT attributes->>'stage' AS stage,
    count(*) FILTER (WHERE start_timestamp >= now() - interval '15 minutes' AND level >= 'error')
    AS n, count(*) FILTER (WHERE start_timestamp < now() - interval '15 minutes') AS before
    FROM records WHERE attributes->>'stage' = '{stage}' GROUP BY 1)
    SELECT stage, n FROM both WHERE n > {most} AND n > before / 4""",
    # A metric.
    """SELECT attributes->>'stage' AS stage, metric_increase(value, recorded_timestamp) AS n
    FROM metrics WHERE metric_name = 'task_failed' AND attributes->>'stage' = '{stage}' GROUP BY 1
    HAVING metric_increase(value, recorded_timestamp) > {most}""",
)


def write_alert(folder: Path, number: int) -> None:
    """Write an alert, and ten tests of it on both sides of its threshold."""
    stage, most = STAGES[number % len(STAGES)], 5 + number % 20
    sql = " ".join(QUERIES[number % len(QUERIES)].format(stage=stage, most=most).split())
    (folder / f"alert-{number}.yaml").write_text(
        f"kind: Alert\nname: Alert {number}\nwindow: 1h\nevery: 5m\nwatermark: 1m\nsql: >-\n"
        f"  {sql}\n",
        encoding="utf-8",
    )
    lines = [
        f"alert: Alert {number}",
        "defaults:",
        f"  attributes: {{stage: {stage}}}",
        "  level: error",
        "tests:",
    ]
    for test in range(TESTS):
        times = most + 1 if test % 2 else most
        fires = str(times > most).lower()
        rows = f", rows: [{{stage: {stage}, n: {times}}}]" if times > most else ""
        lines += [
            f"  - name: test {test}",
            "    given:",
            f"      - {{at: -{10 + test // 2}m, every: 5s, times: {times}, span: process {stage}}}",
            f"      - {{at: -14m, every: 5s, times: {times}, metric: task_failed, value: 1}}",
            f"      - {{at: -30m, every: 60s, times: {test % 4}, span: other, level: info}}"
            if test % 4
            else "      - {at: -2m, log: hello, level: info}",
            "    expect:",
            f"      - {{at: 0m, fires: {fires}{rows}}}",
            f"      - {{at: 2h, fires: false{', notifies: false' if test % 3 else ''}}}",
        ]
    (folder / f"alert-{number}.test.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def run(folder: Path, *arguments: str) -> tuple[float, str]:
    """Return how long the command takes, and what it says last."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "telemetry.cli", "test", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return seconds, done.stdout.strip().splitlines()[-1]


def main() -> None:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        alerts = folder / "alerts"
        alerts.mkdir()
        for number in range(ALERTS):
            write_alert(alerts, number)
        measured = [run(folder) for _ in range(runs)]
        alone = [run(folder, "--match", "Alert 49 test 9")[0] for _ in range(runs)]
    seconds = sorted(each for each, _ in measured)
    print(
        json.dumps(
            {
                "tests": ALERTS * TESTS,
                "processors": os.cpu_count(),
                "result": measured[-1][1],
                "seconds": round(statistics.median(seconds), 2),
                "fastest_seconds": round(seconds[0], 2),
                "slowest_seconds": round(seconds[-1], 2),
                "seconds_of_one_test": round(statistics.median(alone), 2),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
