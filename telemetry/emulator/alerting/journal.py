"""The SQLite file of what alerts have found, and of what of it was told to whom.

A run and the messages that it is told by are written in one transaction: whatever crashes between
the run and the sending, the messages are there and will be sent.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from telemetry.emulator.alerting.deliveries import DELIVERY_TABLES, Deliveries
from telemetry.emulator.alerting.runs import RUN_TABLES, Runs
from telemetry.emulator.sqlite_file import Form, SqliteFile
from telemetry.emulator.timestamps import write_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from telemetry.emulator.management.bodies import Content

_FILE: Final = "alerts.db"

_FORM: Final = Form(
    application=0x6D79_616C,  # "myal"
    version=1,
    tables=(*RUN_TABLES, *DELIVERY_TABLES),
)


@dataclass(frozen=True, slots=True)
class Entries:
    """Hold what can be read and written within a transaction."""

    runs: Runs
    deliveries: Deliveries


class Journal:
    """Keep runs and deliveries; a context manager for several threads.

    Who is within one of its transactions begins none of the management API's: those may ask here.

    Args:
        folder: Where the file is; it must be there, and be held by this process.

    Raises:
        StoreUnusable: The file is damaged, foreign, of another version, or cannot be opened.
    """

    def __init__(self, folder: Path) -> None:
        self._file = SqliteFile(folder / _FILE, _FORM)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    @contextmanager
    def transaction(self) -> Iterator[Entries]:
        """Lend the entries: all that is done with them is on the disk after the block, or nothing.

        Raises:
            StoreUnavailable: The disk is full or fails, or the file was closed.
        """
        with self._file.transaction() as connection:
            yield Entries(Runs(connection), Deliveries(connection))

    def describe_runs(self, alert_id: str) -> Content:
        """Return what the management API tells of an alert's runs.

        The rows are those of the last run that did not fail.

        Raises:
            StoreUnavailable: The disk fails.
        """
        with self.transaction() as entries:
            standing = entries.runs.find_standing(alert_id)
        has_run = standing.last_run is not None
        return {
            "last_run": write_timestamp(standing.last_run) if standing.last_run else None,
            "has_matches": bool(standing.result.length),
            "has_errors": standing.has_errors,
            "result": standing.result.rows if has_run else None,
            "result_length": standing.result.length,
        }
