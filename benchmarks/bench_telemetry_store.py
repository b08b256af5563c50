"""How many rows a second the telemetry store takes in durably, and what that costs.

Prints one JSON document. Two threads append batches of 512 spans, as the OTLP decoder makes them,
while the store rolls and merges. The reference, in the same run: pyarrow writes the same batches to
an Arrow IPC file with one ``fdatasync`` each, and does nothing else: no attributes in columns of
their own, no Parquet.

    python benchmarks/bench_telemetry_store.py [--rows 1000000]

With ``--rows 5000000`` it shows whether memory stays flat: ``rss_mib`` is sampled at every tenth of
the way.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import os
import random
import resource
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from made_spans import BATCH, make_request

from telemetry.emulator.otlp import DecodedBatch, decode_traces
from telemetry.emulator.store import Store

THREADS = 2
BATCHES = 64
MINUTE = 60_000_000
TIMES = ("start_timestamp", "end_timestamp")
MIB = 2**20


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    # A process of its own for each, so that neither inherits the other's memory.
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        reference = pool.apply(measure_reference, (min(options.rows, 200_000),))
        ours = pool.apply(measure_store, (options.rows,))
    ratio = ours["rows_per_second"] / reference["rows_per_second"]
    print(
        json.dumps(
            {"store": ours, "reference": reference, "ratio_to_reference": round(ratio, 3)}, indent=2
        )
    )


def make_batches() -> list[DecodedBatch]:
    """Return decoded requests, each of which covers a minute of its own."""
    generator = random.Random(7)  # noqa: S311 - no secret
    start = 1_790_000_000_000_000_000
    step = MINUTE * 1_000 // BATCH
    return [
        decode_traces(
            make_request(
                generator, start=start + number * step * BATCH, step=step
            ).SerializeToString()
        )
        for number in range(BATCHES)
    ]


def later(batch: DecodedBatch, rounds: int) -> DecodedBatch:
    """Return a batch moved on in time by so many rounds of all batches."""
    rows = batch.rows
    for name in TIMES:
        index = rows.schema.get_field_index(name)
        moved = pc.add(rows.column(index), pa.scalar(rounds * BATCHES * MINUTE, pa.duration("us")))
        rows = rows.set_column(index, rows.schema.field(index), moved)
    return replace(batch, rows=rows)


def measure_reference(rows: int) -> dict[str, Any]:
    """Write batches to a file with pyarrow alone."""
    batches = make_batches()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reference.arrow"
        schema = batches[0].rows.schema
        with path.open("wb", buffering=0) as file, pa.ipc.new_stream(file, schema) as stream:
            began, cpu = time.perf_counter(), time.process_time()
            for number in range(rows // BATCH):
                stream.write_batch(batches[number % BATCHES].rows)
                os.fdatasync(file.fileno())
            seconds = time.perf_counter() - began
            cpu = time.process_time() - cpu
    return {
        "rows": rows,
        "rows_per_second": round(rows / seconds),
        "cpu_seconds_per_million_rows": round(cpu / rows * 1e6, 2),
    }


def measure_store(rows: int) -> dict[str, Any]:
    """Append from two threads, then let the store finish its work, then open it again."""
    batches = make_batches()
    resident = [resident_mib()]
    numbers = itertools.count()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "telemetry"
        with Store(folder, say=print) as store:

            def append() -> None:
                while (number := next(numbers)) < rows // BATCH:
                    rounds, index = divmod(number, BATCHES)
                    store.append(later(batches[index], rounds), number.to_bytes(16))
                    if number % (rows // BATCH // 10) == 0:
                        resident.append(resident_mib())

            began, cpu = time.perf_counter(), time.process_time()
            threads = [threading.Thread(target=append) for _ in range(THREADS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            seconds = time.perf_counter() - began
            appended_cpu = time.process_time() - cpu
        began = time.perf_counter()
        with Store(folder, say=print) as store:
            opened = time.perf_counter() - began
            began = time.perf_counter()
            store.roll_now()
            store.compact_now()
            finished = time.perf_counter() - began
            cpu = time.process_time() - cpu
            segments = list((folder / "records_all").glob("*.parquet"))
            size = sum(path.stat().st_size for path in segments)
        return {
            "rows": rows,
            "rows_per_second": round(rows / seconds),
            "cpu_seconds_per_million_rows": {
                "until_the_last_append": round(appended_cpu / rows * 1e6, 2),
                "with_all_merges": round(cpu / rows * 1e6, 2),
            },
            "open_seconds": round(opened, 3),
            "finish_seconds": round(finished, 2),
            "segments": len(segments),
            "bytes_per_row": round(size / rows, 1),
            "rss_mib": resident,
            "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }


def resident_mib() -> int:
    """Return this process's memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() // MIB


if __name__ == "__main__":
    main()
