"""A process that decodes requests: ``python -m telemetry.emulator.intake.worker DESCRIPTOR``.

It ends when its socket does, so it never outlives the server.
"""

from __future__ import annotations

import gc
import hashlib
import itertools
import resource
import sys
import traceback
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Final

from telemetry.emulator.intake.packing import PackingError, unpack
from telemetry.emulator.intake.requests import Declined, IngestRequest, Taken
from telemetry.emulator.memory import keep_freed_columns, keep_freed_memory
from telemetry.emulator.otlp import DecodedBatch, decode_logs, decode_metrics, decode_traces
from telemetry.emulator.store.preparation import prepare_batch
from telemetry.errors import InvalidPayload
from telemetry.serving import end_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable

_DECODERS: Final[dict[str, Callable[[bytes], DecodedBatch]]] = {
    "traces": decode_traces,
    "logs": decode_logs,
    "metrics": decode_metrics,
}


_MOST_MEMORY: Final = 2 * 2**30
"""Bytes. A body of the largest size takes a few hundred MiB, unless it is made up of nothing but
empty spans."""

_COLLECT_EVERY: Final = 1_000  # requests


def answer(request: IngestRequest) -> Taken | Declined:
    """Decode a request, or say why it cannot be taken."""
    try:
        return decode(request)
    except PackingError as error:
        return Declined(error.status, str(error))
    except InvalidPayload as error:
        return Declined(400, str(error))
    except MemoryError:
        return Declined(413, "the body takes too much memory; send fewer items at a time")
    except Exception as error:  # noqa: BLE001 - or it would be sent again and again, and end here each time
        traceback.print_exc()
        return Declined(500, f"a bug of the emulator: {type(error).__name__}: {error}")


def decode(request: IngestRequest) -> Taken:
    """Unpack a body, decode it, and make it ready for the log.

    Raises:
        PackingError: It cannot be unpacked.
        InvalidPayload: It is no OTLP message, or nothing of it can be stored.
    """
    message = unpack(request.body, request.encoding)
    batch = _DECODERS[request.signal](message)
    if not batch.rows.num_rows:
        return Taken(None, batch.rejected, batch.reason)
    # Of the unpacked body: what is sent again may be packed anew.
    digest = hashlib.sha256(message).digest()
    keys = request.hot_keys.get(batch.table.name, ())
    prepared = prepare_batch(batch.table, batch.rows, batch.attributes, digest, keys)
    return Taken(prepared, batch.rejected, batch.reason)


def serve(connection: Connection) -> None:
    """Answer requests until there is nobody to ask."""
    # Decoding makes no cycles to speak of, and looking for them costs a tenth of its time.
    gc.collect()
    gc.freeze()
    gc.disable()
    for number in itertools.count(1):
        if number % _COLLECT_EVERY == 0:
            gc.collect()
        try:
            request = connection.recv()
        except (EOFError, ConnectionError):
            return
        connection.send(answer(request))


def _bound_memory() -> None:
    """Make a body that takes too much memory fail here, not the whole machine."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = _MOST_MEMORY if hard == resource.RLIM_INFINITY else min(_MOST_MEMORY, hard)
    if soft == resource.RLIM_INFINITY or soft > most:
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


if __name__ == "__main__":
    end_with_parent()
    keep_freed_memory()
    keep_freed_columns()
    _bound_memory()
    serve(Connection(int(sys.argv[1])))
