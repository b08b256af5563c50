"""How long the queries of dashboards and alerts take on the Logfire emulator's engine.

Prints one JSON document, and a table on standard error. The store is filled with made-up spans over
24 hours, rolled and compacted as it would be by itself; at each size every query is run once to
warm up and then several times, on the engine (from Logfire's SQL to rows) and, in turn with it, on
DuckDB over the same Parquet files in its own spelling. The figures are medians.

    python benchmarks/bench_logfire_queries.py [--rows 500000 1000000 2000000 5000000] [--runs 7]
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from made_spans import BATCH, make_request

from telemetry.emulator.engine import Engine, Query
from telemetry.emulator.otlp import DecodedBatch, decode_traces
from telemetry.emulator.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZES = (500_000, 1_000_000, 2_000_000, 5_000_000)
HOURS = 24
DISTINCT = 64
"""Requests that are made up; what follows repeats them at other times."""


@dataclass(frozen=True)
class Case:
    """Hold a query and how fast it is to be at five million spans.

    Attributes:
        name: As in the table.
        goal: Seconds.
        logfire: In Logfire's SQL.
        duckdb: In DuckDB's, over the files themselves.
    """

    name: str
    goal: float
    logfire: str
    duckdb: str


NOW = datetime.now(UTC).replace(microsecond=0)
SINCE = NOW - timedelta(hours=HOURS)
STAGE = '"_lf_attributes/stage"'
SERVICE = '"_lf_attributes/service"'
OUTCOME = '"_lf_attributes/outcome"'
CASES = (
    Case(
        "funnel",
        0.5,
        "SELECT time_bucket('15 minutes', start_timestamp) AS x,"
        " count(*) FILTER (WHERE attributes->>'stage' = 'sourcing') AS scrapes,"
        " count(*) FILTER (WHERE attributes->>'stage' IN"
        " ('extraction_adapters', 'extraction_agents')) AS extractions,"
        " count(*) FILTER (WHERE attributes->>'stage' = 'entity_resolution') AS resolutions"
        " FROM records WHERE attributes->>'outcome' = 'succeeded' GROUP BY x ORDER BY x",
        "SELECT time_bucket(INTERVAL '15 minutes', start_timestamp) AS x,"
        f" count(*) FILTER (WHERE {STAGE} = 'sourcing') AS scrapes,"
        f" count(*) FILTER (WHERE {STAGE} IN"
        " ('extraction_adapters', 'extraction_agents')) AS extractions,"
        f" count(*) FILTER (WHERE {STAGE} = 'entity_resolution') AS resolutions"
        f" FROM records WHERE {OUTCOME} = 'succeeded' GROUP BY x ORDER BY x",
    ),
    Case(
        "p95 by span name",
        0.5,
        "SELECT span_name, approx_percentile_cont(duration, 0.95) AS p95"
        " FROM records GROUP BY span_name ORDER BY span_name",
        "SELECT span_name, approx_quantile(duration, 0.95) AS p95"
        " FROM records GROUP BY span_name ORDER BY span_name",
    ),
    Case(
        "group by a hot attribute",
        0.3,
        "SELECT attributes->>'stage' AS stage, count(*) AS n FROM records"
        " GROUP BY stage ORDER BY stage",
        f"SELECT {STAGE} AS stage, count(*) AS n FROM records GROUP BY stage ORDER BY stage",
    ),
    Case(
        "alert on five minutes",
        0.05,
        f"SELECT attributes->>'service' AS service, count(*) AS n FROM records"
        f" WHERE start_timestamp >= '{NOW - timedelta(minutes=5)}' AND level >= 'error'"
        " GROUP BY service HAVING count(*) > 10 ORDER BY service",
        f"SELECT {SERVICE} AS service, count(*) AS n FROM records"
        f" WHERE start_timestamp >= '{NOW - timedelta(minutes=5)}' AND level >= 17"
        " GROUP BY service HAVING count(*) > 10 ORDER BY service",
    ),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    results: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder)) as store:
        written = 0
        batches = made_batches()
        for rows in sorted(options.rows):
            while written < rows:
                batch, digest = next(batches)
                store.append(batch, digest)
                written += batch.rows.num_rows
            store.roll_now()
            store.compact_now()
            files = sorted((Path(folder) / "records_all").glob("*.parquet"))
            print(f"{rows:,} spans in {len(files)} files", file=sys.stderr)
            results[str(rows)] = measure(store, files, options.runs)
    print_table(results)
    print(json.dumps(results))


def made_batches() -> Iterator[tuple[DecodedBatch, bytes]]:
    """Give batches without end, as they would arrive: each over 24 hours' time, at random."""
    generator = random.Random(11)  # noqa: S311 - no secret
    made = [
        decode_traces(make_request(generator, start=0, step=1_000_000).SerializeToString())
        for _ in range(DISTINCT)
    ]
    total = max(SIZES) // BATCH + 1
    order = list(range(total))
    # Spread over all of the day at every size, and in time's order within what is appended.
    chunks = [sorted(order[first::10]) for first in range(10)]
    for number, index in enumerate(index for chunk in chunks for index in chunk):
        batch = made[number % DISTINCT]
        shift = int((SINCE + timedelta(hours=HOURS) * (index / total)).timestamp() * 1e6)
        yield shifted(batch, shift), number.to_bytes(16, "big")


def shifted(batch: DecodedBatch, micros: int) -> DecodedBatch:
    """Return a batch as many microseconds later."""
    rows = batch.rows
    for name in ("start_timestamp", "end_timestamp"):
        index = rows.schema.get_field_index(name)
        later = pc.add(rows.column(index).cast(pa.int64()), micros)
        rows = rows.set_column(
            index, rows.schema.field(index), later.cast(rows.schema.types[index])
        )
    return DecodedBatch(batch.table, rows, batch.attributes)


def measure(store: Store, files: list[Path], runs: int) -> dict[str, Any]:
    """Return the seconds of every query on both engines, in turn."""
    database = duckdb.connect()
    database.execute("SET threads = 2")
    database.execute("SET TimeZone = 'UTC'")
    names = ", ".join(f"'{file}'" for file in files)
    database.execute(
        f"CREATE VIEW records AS SELECT * FROM read_parquet([{names}])"
        f" WHERE kind <> 'pending_span' AND start_timestamp > '{SINCE}'"
    )
    measured: dict[str, Any] = {}
    with Engine(store) as engine:
        for case in CASES:
            query = Query(sql=case.logfire, min_timestamp=SINCE, limit=10_000)

            def ours(query: Query = query, engine: Engine = engine) -> list[dict[str, Any]]:
                result = engine.run_sync(query)
                return pa.Table.from_batches(result.batches, result.schema).to_pylist()

            def theirs(sql: str = case.duckdb) -> list[dict[str, Any]]:
                return database.sql(sql).to_arrow_table().to_pylist()

            check(case, ours(), theirs())
            times: list[tuple[float, float]] = [(timed(ours), timed(theirs)) for _ in range(runs)]
            own, other = (statistics.median(column) for column in zip(*times, strict=True))
            measured[case.name] = {
                "seconds": round(own, 4),
                "duckdb_seconds": round(other, 4),
                "ratio": round(statistics.median(a / b for a, b in times), 2),
                "goal_seconds": case.goal,
            }
    database.close()
    return measured


def check(case: Case, ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> None:
    """Make sure that both answer the same; quantiles are approximate on either."""

    def exact(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{key: value for key, value in row.items() if key != "p95"} for row in rows]

    if exact(ours) != exact(theirs):
        raise SystemExit(f"{case.name}: {ours} here, {theirs} on DuckDB")


def timed(ask: Callable[[], Any]) -> float:
    """Return how many seconds it takes."""
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began


def print_table(results: dict[str, dict[str, Any]]) -> None:
    """Print the seconds by size, ours and DuckDB's, as Markdown on standard error."""
    sizes = list(results)
    print("| query | " + " | ".join(f"{int(size):,}" for size in sizes) + " |", file=sys.stderr)
    print("| --- |" + " --- |" * len(sizes), file=sys.stderr)
    for case in CASES:
        cells = (
            f"{results[size][case.name]['seconds']:.3f} ({results[size][case.name]['ratio']:.2f})"
            for size in sizes
        )
        print(f"| {case.name} | " + " | ".join(cells) + " |", file=sys.stderr)


if __name__ == "__main__":
    main()
