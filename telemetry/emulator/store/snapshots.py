"""What a query sees: the tables as they were when it began, for as long as it takes.

The segments of a moment are a folder of hard links: a segment that is merged or expires meanwhile
loses its name in the table's folder only. All snapshots between two changes share one folder.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from telemetry.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    import pyarrow as pa

    from telemetry.emulator.store.segments import Segment

FOLDER: Final = "snapshots"


@dataclass(frozen=True, slots=True)
class TableSnapshot:
    """Hold a table as it was.

    Attributes:
        schema: Its columns, with those of the hot attributes that every part has. Files and
            batches may be read with it.
        generation: Another number whenever the set of segments or the schema is another.
        folder: Holds the segments and nothing else; None when there are none.
        batches: The rows that are in no segment yet: few and large batches of the schema.
        hot_keys: The attributes that have a column ``HOT_PREFIX + key`` in the schema.
    """

    schema: pa.Schema
    generation: int
    folder: Path | None
    batches: tuple[pa.RecordBatch, ...]
    hot_keys: frozenset[str]


class Snapshot:
    """Hold all tables as they were, until closed.

    Args:
        tables: By the table's name.
        on_close: Called once, when nobody reads them any more.
    """

    def __init__(self, tables: Mapping[str, TableSnapshot], on_close: Callable[[], None]) -> None:
        self.tables = tables
        self._on_close: Callable[[], None] | None = on_close

    def close(self) -> None:
        """Let go of the files; once is enough, and more does no harm."""
        on_close, self._on_close = self._on_close, None
        if on_close is not None:
            on_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Generation:
    """Stand for the segments between two changes, and count who reads them.

    Args:
        number: Rises with each.
        folder: With links to the segments; None when there are none.
        segments: What it is of.
        keys: The hot attributes of its schema.
    """

    def __init__(
        self,
        number: int,
        folder: Path | None,
        segments: tuple[Segment, ...],
        keys: tuple[str, ...],
    ) -> None:
        self.number = number
        self.folder = folder
        self.segments = segments
        self.keys = keys
        self.users = 0
        self.outdated = False


class Generations:
    """Make the folders of links and remove them when nobody reads them any more.

    The table's lock guards it.

    Args:
        folder: The table's; what a killed process left in it is removed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER
        shutil.rmtree(self._folder, ignore_errors=True)
        self._number = 0
        self._current: Generation | None = None

    def acquire(self, segments: Sequence[Segment], keys: tuple[str, ...]) -> Generation:
        """Return the generation of these segments and keys, with one more user.

        Raises:
            StoreUnavailable: The links cannot be made.
        """
        wanted = tuple(segments)
        current = self._current
        if current is None or current.segments != wanted or current.keys != keys:
            self.outdate()
            current = self._current = self._make(wanted, keys)
        current.users += 1
        return current

    def release(self, generation: Generation) -> None:
        """Take a user off."""
        generation.users -= 1
        self._remove_unused(generation)

    def outdate(self) -> None:
        """Note that the segments changed: the folder goes when its last user does."""
        if self._current is not None:
            self._current.outdated = True
            self._remove_unused(self._current)
            self._current = None

    def _make(self, segments: tuple[Segment, ...], keys: tuple[str, ...]) -> Generation:
        self._number += 1
        if not segments:
            return Generation(self._number, None, segments, keys)
        folder = self._folder / str(self._number)
        try:
            folder.mkdir(parents=True)
            for segment in segments:
                (folder / segment.path.name).hardlink_to(segment.path)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise StoreUnavailable(
                f"the segments in {self._folder.parent} cannot be linked to: {error}. Check that"
                " the folder may be written to, has room and knows hard links, then try again"
            ) from error
        return Generation(self._number, folder, segments, keys)

    @staticmethod
    def _remove_unused(generation: Generation) -> None:
        if generation.outdated and not generation.users and generation.folder is not None:
            # What cannot be removed now is removed when the store is opened next.
            shutil.rmtree(generation.folder, ignore_errors=True)
