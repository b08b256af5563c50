"""A process that runs queries for the engine: ``python -m telemetry.emulator.engine.worker``.

It is a process of its own because only a process can be stopped for certain. DataFusion cancels a
query only where an operator pauses, and neither a cross join nor ``lpad('x', 2000000000)`` does.
It also keeps the functions in Python from holding up ingest.

It ends when its socket does, so it never outlives the engine.
"""

from __future__ import annotations

import gc
import sys
from multiprocessing.connection import Connection

from telemetry.emulator.engine.reader import Reader
from telemetry.serving import end_with_parent

READY = "ready"
"""What it says first."""


def serve(connection: Connection, memory: int) -> None:
    """Answer requests until there is nobody to ask.

    Args:
        connection: To the engine.
        memory: The most bytes the operators of a query hold.
    """
    # Values read from JSON come by the ten thousand, and none of them refers to another.
    gc.freeze()
    gc.disable()
    reader = Reader(memory)
    connection.send(READY)
    while True:
        try:
            request = connection.recv()
        except (EOFError, ConnectionError):
            return
        connection.send(reader.answer(request))
        gc.collect()


if __name__ == "__main__":
    end_with_parent()
    serve(Connection(int(sys.argv[1])), int(sys.argv[2]))
