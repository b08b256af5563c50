"""How long it takes to back-test an alert over a day of spans, on a local emulator.

Prints one JSON document. A store is filled with made-up spans over 24 hours, rolled and compacted
as it would be by itself, and served; the alert is then walked over the day through the query API:
by the command's own way, in one pass, and for some runs with a query each. The figures are medians.

    python benchmarks/bench_backtest.py [--rows 1000000] [--runs 5]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench_logfire_queries import NOW, SINCE, made_batches
from logfire.query_client import LogfireQueryClient

from telemetry.alerting.backtest import evaluate, evaluate_one_by_one, times_of_runs
from telemetry.alerting.backtest_reports import summarise
from telemetry.alerting.runner import conditions_of
from telemetry.child import ServingProcess
from telemetry.cli.backtest import QueryApi
from telemetry.definitions import load_definitions, load_names
from telemetry.emulator.address import FOLDER
from telemetry.emulator.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from telemetry.definitions import Alert

ROOT = Path(__file__).parents[1]
EVERY = timedelta(minutes=1)
GOAL = 5.0
EACH = 60
"""Runs that are made with a query each: all of them take too long."""

SILENT = "SELECT count(*) AS n FROM records HAVING count(*) = 0"
"""An alert that also has to know which of its runs have nothing to look at."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), options.rows)
        with (
            ServingProcess(
                "telemetry.cli.emulate", ["--data", folder], name="emulator"
            ) as emulator,
            LogfireQueryClient("any", base_url=emulator.address) as client,
        ):
            print(json.dumps(measure(client, options.rows, options.runs)))


def fill(folder: Path, rows: int) -> None:
    """Write a day of spans."""
    written = 0
    # Where the emulator keeps them in its folder.
    with Store(folder / FOLDER) as store:
        for batch, digest in made_batches():
            store.append(batch, digest)
            written += batch.rows.num_rows
            if written >= rows:
                break
        store.roll_now()
        store.compact_now()


def measure(client: LogfireQueryClient, rows: int, runs: int) -> dict[str, Any]:
    """Return the seconds of both ways."""
    alerts = {
        each.model.name: each.model
        for each in load_definitions([ROOT / "alerts"], load_names()).check().alerts
    }
    error_rate = alerts["High error rate"].model_copy(update={"every": 60})
    cases = {
        "High error rate": error_rate,
        "High error rate, as it is at these rates": error_rate.model_copy(
            update={"sql": error_rate.sql.replace("> 10", "> 60")}
        ),
        "Retries rising, every 1m": alerts["Retries rising"].model_copy(update={"every": 60}),
        "Nothing at all": error_rate.model_copy(update={"sql": SILENT}),
    }
    history = QueryApi(client, is_paced=False)
    measured: dict[str, Any] = {"rows": rows, "goal_seconds": GOAL}
    for name, alert in cases.items():
        measured[name] = measure_alert(alert, history, runs)
    return measured


def measure_alert(alert: Alert, history: QueryApi, runs: int) -> dict[str, Any]:
    """Return the seconds of an alert, and what came of it."""
    times = times_of_runs(EVERY, SINCE, NOW)
    conditions = conditions_of(alert)

    def in_one_pass() -> Any:
        return evaluate(conditions, EVERY, times, history)

    some = times[len(times) // 2 :][:EACH]
    answers = in_one_pass()
    each = evaluate_one_by_one(conditions, some, history)
    different = [at for at in some if said(answers.rows[at]) != said(each.rows[at])]
    if different:
        raise SystemExit(f"{alert.name}: {len(different)} runs differ, as that of {different[0]}")
    seconds = statistics.median(timed(in_one_pass) for _ in range(runs))
    each_seconds = timed(lambda: evaluate_one_by_one(conditions, some, history))
    found = summarise(alert, times, answers)
    return {
        "runs": len(times),
        "seconds": round(seconds, 3),
        "is_one_pass": answers.is_one_pass,
        "reason": answers.reason,
        "queries": answers.queries,
        "firing_runs": found.firing_runs,
        "notifications": len(found.notifications),
        "seconds_with_a_query_each": round(each_seconds / len(some) * len(times), 1),
    }


def said(rows: list[dict[str, Any]]) -> list[str]:
    """Return what rows say: in no order."""
    return sorted(map(repr, rows))


def timed(ask: Callable[[], Any]) -> float:
    """Return how many seconds it takes."""
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
