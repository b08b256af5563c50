"""The durable store of telemetry: append, look at it as it was, and keep it in order."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Self

from telemetry.emulator.arrow import STORED_TABLES
from telemetry.emulator.store.folder import StoreFolder
from telemetry.emulator.store.keeper import Due, Keeper
from telemetry.emulator.store.options import StoreOptions
from telemetry.emulator.store.preparation import prepare_batch
from telemetry.emulator.store.snapshots import Snapshot
from telemetry.emulator.store.state import TableState
from telemetry.emulator.store.table import Table
from telemetry.errors import StoreUnusable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

    from telemetry.emulator.otlp import DecodedBatch
    from telemetry.emulator.store.preparation import PreparedBatch

_logger = logging.getLogger(__name__)


class Store:
    """Keep telemetry in a folder, for this process alone.

    What :meth:`append` has returned for survives a kill and a loss of power, and every
    :meth:`snapshot` from then on has it. Any thread may call it.

    Args:
        folder: Where it is kept; made if missing.
        options: How.
        say: Called with what the user should know of, as damage that was found; by default it is
            logged as a warning. It may be called from any thread.
        clock: Returns the time in seconds since 1970.

    Raises:
        StoreUnusable: The folder is in use, foreign, not writable, or of another version.
    """

    def __init__(
        self,
        folder: Path,
        options: StoreOptions | None = None,
        *,
        say: Callable[[str], object] = _logger.warning,
        clock: Callable[[], float] = time.time,
    ) -> None:
        options = options or StoreOptions()
        with ExitStack() as stack:
            held = StoreFolder(folder)
            stack.callback(held.close)
            self._tables: dict[str, Table] = {}
            due = Due()
            for stored in STORED_TABLES:
                with _errors(folder / stored.name):
                    state = TableState(folder / stored.name, stored, options, say=say, clock=clock)
                    table = Table(state, due)
                stack.callback(table.close)
                self._tables[stored.name] = table
            self._keeper = Keeper(list(self._tables.values()), due, say)
            # Closing goes from here upwards: work ends at its next step before it is waited for.
            stack.callback(self._keeper.join)
            for table in self._tables.values():
                stack.callback(table.state.stop)
            stack.callback(self._keeper.stop)
            self._closing = stack.pop_all()

    def append(self, batch: DecodedBatch, digest: bytes) -> bool:
        """Add a batch, and return once it is durable.

        Args:
            batch: The rows. One without any is not kept, nor its digest.
            digest: The same for a batch that is sent again, and for no other.

        Returns:
            Whether it was added: not where a batch of the same table and digest is there, of the
            last 24 hours and the newest 200,000.

        Raises:
            StoreUnavailable: It could not be made durable, and nothing of it is kept; or the store
                is closed.
        """
        if not batch.rows.num_rows:
            return True
        keys = self.hot_keys(batch.table.name)
        return self.append_prepared(
            prepare_batch(batch.table, batch.rows, batch.attributes, digest, keys)
        )

    def append_prepared(self, batch: PreparedBatch) -> bool:
        """Add a batch that was prepared elsewhere; otherwise as :meth:`append`.

        Returns:
            Whether it was added.

        Raises:
            StoreUnavailable: It could not be made durable, and nothing of it is kept; or the store
                is closed.
        """
        return self._tables[batch.table].ingest.append(batch)

    def hot_keys(self, table: str) -> tuple[str, ...]:
        """Return the attributes that a table has columns for by now, for preparing batches."""
        return self._tables[table].ingest.hot_keys

    def snapshot(self) -> Snapshot:
        """Return all tables as they are now; close it, or use it in a ``with`` statement.

        Raises:
            StoreUnavailable: The segments cannot be linked to.
        """
        with ExitStack() as stack:
            views = {}
            for name, table in self._tables.items():
                views[name], release = table.state.snapshot()
                stack.callback(release)
            return Snapshot(views, stack.pop_all().close)

    def roll_now(self) -> None:
        """Write all rows to segments, and return when they are there.

        Raises:
            StoreUnavailable: The disk refuses; the rows stay in memory and log.
        """
        for table in self._tables.values():
            # Those that are waiting first: the tail may have no place behind them.
            table.upkeep.roll_all()
            table.ingest.freeze()
            table.upkeep.roll_all()

    def compact_now(self) -> None:
        """Merge segments as far as they fit together, and return when there is nothing left to do.

        Raises:
            StoreUnavailable: The disk refuses; the segments stay as they are.
        """
        for table in self._tables.values():
            while table.upkeep.compact(eager=True):
                pass

    def expire_now(self) -> None:
        """Drop what the options say is too old or too much, and return when it is gone.

        Raises:
            StoreUnavailable: The disk refuses.
        """
        for table in self._tables.values():
            table.upkeep.expire()

    def close(self) -> None:
        """End all threads; what is in memory is in the log, and is read again on opening."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@contextmanager
def _errors(folder: Path) -> Iterator[None]:
    """Raise what the disk refuses on opening as the store's own error."""
    try:
        yield
    except OSError as error:
        raise StoreUnusable(
            f"the telemetry in {folder} cannot be opened: {error}. Check that the folder may be"
            " written to and has room, then try again"
        ) from error
