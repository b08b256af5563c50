"""A process that does one merge: ``python -m telemetry.emulator.store.merge_worker DESCRIPTOR``.

It ends when its socket does, so it never outlives the store.
"""

from __future__ import annotations

import os
import sys
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Final

from telemetry.emulator.store.merger import merge_here
from telemetry.serving import end_with_parent

if TYPE_CHECKING:
    from telemetry.emulator.store.merger import Merge
    from telemetry.emulator.store.segments import Segment

_NICENESS: Final = 5
"""Ingest and queries go first: https://man7.org/linux/man-pages/man2/nice.2.html"""


def serve(connection: Connection) -> None:
    """Do the merge that is asked for, and say what came of it."""
    try:
        merge: Merge = connection.recv()
    except (EOFError, ConnectionError):
        return
    try:
        answer: Segment | Exception = merge_here(merge, is_stopping=lambda: False)
    except Exception as error:  # noqa: BLE001 - it is raised where it was asked for
        answer = error
    connection.send(answer)


if __name__ == "__main__":
    end_with_parent()
    os.nice(_NICENESS)
    serve(Connection(int(sys.argv[1])))
