"""How soon a dashboard is painted in a browser, and how soon ``mystage up`` is ready.

Prints one JSON document. A data folder is filled with a million made-up spans over 24 hours, and
``mystage up`` is started on it, each time anew. A real browser then opens the dashboard with the
most panels over the whole day, several times: from the request until the content and the picture of
every panel is there, and the frame with the last of them was painted. The reference for this, in
the same run: the same panels' queries through the query API, one after the other, without any page.
The reference for being ready: its five kinds of processes, each started alone and one after the
other, to the point where its imports are done. The figures are medians.

    python benchmarks/bench_console.py [--rows 1000000] [--runs 5]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench_backtest import fill
from bench_logfire_queries import NOW
from logfire.query_client import LogfireQueryClient
from playwright.sync_api import sync_playwright

from telemetry.child import ServingProcess
from telemetry.definitions import Dashboard, load_definitions, load_names
from telemetry.definitions.panels import PanelKind
from telemetry.emulator.address import find_emulator
from telemetry.preview.asking import Choice, panel_sql

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]
PAINTED_GOAL = 2.0
READY_GOAL = 3.0
SPAN = "24h"
PARTS = (
    "functions.embedded.up",
    "functions.embedded.worker",
    "functions.emulator.server",
    "telemetry.emulator.server",
    "telemetry.emulator.engine.worker",
)
PAINTED = """() => new Promise((resolve) => {
  const check = () => {
    const panels = [...document.querySelectorAll('[data-panel]')];
    const pictures = [...document.images];
    if (panels.length && panels.every((each) => each.ariaBusy !== 'true')
        && pictures.every((each) => each.complete && each.naturalWidth)) {
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() / 1000)));
    } else setTimeout(check, 5);
  };
  check();
})"""
"""Seconds since the request for the page."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        fill(data, options.rows)
        ready = [time_start(data) for _ in range(options.runs)]
        parts = statistics.median(time_parts() for _ in range(options.runs))
        painted = measure_dashboard(data, options.runs)
    start = statistics.median(ready)
    print(
        json.dumps(
            {
                "rows": options.rows,
                "ready_seconds": round(start, 2),
                "ready_runs": [round(each, 2) for each in ready],
                "ready_goal_seconds": READY_GOAL,
                "parts_seconds": round(parts, 2),
                "ready_ratio_to_parts": round(start / parts, 2),
                **painted,
                "painted_goal_seconds": PAINTED_GOAL,
            }
        )
    )


def everything(data: Path) -> ServingProcess:
    """Run ``mystage up``; its alerts rest, so that nothing else is measured."""
    arguments = ["up", "--port", "0", "--data", str(data), "--evaluate-every", "1h"]
    return ServingProcess("telemetry.cli", arguments, name="mystage up")


def time_start(data: Path) -> float:
    """Return the seconds until it is ready."""
    began = time.perf_counter()
    up = everything(data)
    seconds = time.perf_counter() - began
    up.stop()
    return seconds


def time_parts() -> float:
    """Return the seconds that importing takes in each kind of process, added up."""
    began = time.perf_counter()
    for module in PARTS:
        subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
    return time.perf_counter() - began


def measure_dashboard(data: Path, runs: int) -> dict[str, Any]:
    """Return how long the largest dashboard takes to be painted, beside its bare queries."""
    dashboard = largest_dashboard()
    with everything(data) as up, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        address = f"{up.address}/dashboards/{dashboard.slug}?last={SPAN}&refresh=0"
        first, *painted = [time_painting(browser, address) for _ in range(runs + 1)]
        emulator = find_emulator(data)
        if emulator is None:
            raise SystemExit("the emulator of mystage up is not to be found")
        bare = [time_queries(dashboard, emulator) for _ in range(runs)]
        browser.close()
    median = statistics.median(painted)
    return {
        "dashboard": dashboard.slug,
        "panels": len(dashboard.panels),
        "painted_seconds": round(median, 2),
        "painted_first_seconds": round(first, 2),
        "painted_runs": [round(each, 2) for each in painted],
        "queries_seconds": round(statistics.median(bare), 2),
        "painted_ratio_to_queries": round(median / statistics.median(bare), 2),
    }


def largest_dashboard() -> Dashboard:
    """Return the dashboard of ours with the most panels."""
    definitions = load_definitions([ROOT / "dashboards"], load_names())
    ours = [each.model for each in definitions.dashboards if isinstance(each.model, Dashboard)]
    return max(ours, key=lambda each: len(each.panels))


def time_painting(browser: Browser, address: str) -> float:
    """Return the seconds from the request until all panels are painted."""
    page = browser.new_page(viewport={"width": 1300, "height": 2800})
    page.goto(address, wait_until="commit")
    seconds: float = page.evaluate(PAINTED)
    page.close()
    return seconds


def time_queries(dashboard: Dashboard, emulator: str) -> float:
    """Return the seconds that the panels' queries take, one after the other."""
    since = NOW - timedelta(hours=24)
    choice = Choice(since=since, until=NOW)
    with LogfireQueryClient("any", base_url=emulator) as client:
        began = time.perf_counter()
        for panel in dashboard.panels:
            if panel.kind is not PanelKind.MARKDOWN:
                client.query_json_rows(
                    panel_sql(dashboard, panel, choice), min_timestamp=since, limit=1_000
                )
        return time.perf_counter() - began


if __name__ == "__main__":
    main()
