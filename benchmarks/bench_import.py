"""Time ``import telemetry`` against ``import logfire``, each in a fresh interpreter.

The two alternate, after one round that only warms the disk's cache. The time of an interpreter
that imports nothing is taken the same way and reported beside them, not subtracted.

Prints one JSON document: milliseconds and the ratio, which should be at most 1.1.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time

LIMIT = 1.1
PROGRAMS = {"telemetry": "import telemetry", "logfire": "import logfire", "nothing": "pass"}


def time_program(program: str) -> float:
    """Return the seconds a fresh interpreter takes to run a program."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return time.perf_counter() - started


def main() -> None:
    """Compare, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()

    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for round_number in range(options.rounds + 1):
        for name, program in PROGRAMS.items():
            seconds = time_program(program)
            if round_number:
                times[name].append(seconds)
    ratios = [
        ours / theirs for ours, theirs in zip(times["telemetry"], times["logfire"], strict=True)
    ]
    document = {
        "benchmark": "import",
        "limit": LIMIT,
        "rounds": options.rounds,
        "python": platform.python_version(),
        "milliseconds": {
            name: round(statistics.median(measured) * 1_000, 1) for name, measured in times.items()
        },
        "ratio": round(statistics.median(ratios), 3),
    }
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
