"""What a table's folder holds when it is opened, also after a kill or a failure of the power."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pyarrow as pa

from telemetry.emulator.store.digests import Mark
from telemetry.emulator.store.files import DAMAGED, TEMPORARY, set_aside, sync_folder
from telemetry.emulator.store.log import first_sequence, list_logs, read_log, read_log_schema
from telemetry.emulator.store.segments import NAME, open_segment, read_marks
from telemetry.emulator.store.shredding import conform, hot_keys_of, table_schema
from telemetry.emulator.store.snapshots import FOLDER
from telemetry.emulator.store.tail import Tail
from telemetry.errors import StoreUnusable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from telemetry.emulator.arrow import StoredTable
    from telemetry.emulator.store.digests import Digests
    from telemetry.emulator.store.log import LogContent, LoggedBatch
    from telemetry.emulator.store.segments import Segment

    Say = Callable[[str], object]


def recover_segments(
    folder: Path, table: StoredTable, say: Say
) -> tuple[list[Segment], list[Mark]]:
    """Find a table's segments, and remove or set aside what is none.

    Args:
        folder: The table's.
        table: Which one.
        say: Called with what the user should know of.

    Returns:
        The segments in order, and the marks of their batches, the oldest first.

    Raises:
        StoreUnusable: Two segments hold the same batch in part.
        OSError: The disk refuses.
    """
    shutil.rmtree(folder / FOLDER, ignore_errors=True)
    segments: list[Segment] = []
    marks: list[Mark] = []
    for path in sorted(folder.iterdir()):
        if path.name.endswith(TEMPORARY):
            path.unlink()
        elif NAME.fullmatch(path.name):
            try:
                segment, own = open_segment(path, table.time_column), read_marks(path)
            except (OSError, ValueError) as error:
                say(f"the segment {path} is damaged and kept as {set_aside(path)}: {error}")
                continue
            segments.append(segment)
            marks += own
        elif path not in list_logs(folder) and not path.name.endswith(DAMAGED):
            say(f"{path} is no part of the telemetry store: it is left alone")
    return _remove_merged(segments), sorted(marks)


def recover_tails(  # noqa: PLR0913 - all that a folder and its options decide
    folder: Path,
    table: StoredTable,
    segments: Sequence[Segment],
    digests: Digests,
    *,
    named_keys: Sequence[str],
    tail_rows: int,
    say: Say,
) -> tuple[list[Tail], int]:
    """Read the logs back into tails.

    A batch that is in a segment already, or that came twice, is left out.

    Args:
        folder: The table's.
        table: Which one.
        segments: Its segments.
        digests: What is remembered of them; the batches of the logs are added.
        named_keys: The attributes that are hot in any case.
        tail_rows: How many rows make a tail full.
        say: Called with what the user should know of.

    Returns:
        The tails, of which the last takes further batches, and the next batch's number.

    Raises:
        OSError: The disk refuses.
    """
    logs = list_logs(folder)
    schemas = [read_log_schema(path) for path in logs]
    keys = dict.fromkeys(named_keys)
    if segments:
        newest = segments[-1].keys
        keys |= dict.fromkeys(sorted(newest))
    for schema in schemas:
        keys |= dict.fromkeys(hot_keys_of(schema) if schema is not None else ())
    schema = table_schema(table, keys)
    covered = max((segment.last for segment in segments), default=0)
    tails = [Tail(schema)]
    for path in logs:
        content = read_log(path)
        damaged = _report_faults(path, content, say)
        batches = _unknown_batches(content, covered, digests)
        if batches and tails[-1].rows >= tail_rows:
            tails.append(Tail(schema))
        # Where there is nothing to wait for, the file goes with a tail that nobody else sees.
        owner = tails[-1] if batches else Tail(schema)
        owner.own_log(path, damaged=damaged)
        if batches:
            _take_over(owner, batches, schema)
        else:
            owner.discard_logs(say)
    last = max(
        [covered, *(tail.last for tail in tails), *(first_sequence(path) - 1 for path in logs)]
    )
    return tails, last + 1


def _unknown_batches(content: LogContent, covered: int, digests: Digests) -> list[LoggedBatch]:
    unknown = []
    for batch in content.batches:
        if batch.sequence > covered and batch.key not in digests:
            digests.add([Mark(batch.appended, batch.key)], batch.appended)
            unknown.append(batch)
    return unknown


def _take_over(tail: Tail, batches: Sequence[LoggedBatch], schema: pa.Schema) -> None:
    # Put together into memory of their own: those of the log lie where its frames happen to.
    rows = pa.concat_batches([conform(batch.rows, schema) for batch in batches])
    offset = 0
    for batch in batches:
        mark = Mark(batch.appended, batch.key)
        part = rows.slice(offset, batch.rows.num_rows)
        tail.add(part, batch.sequence, mark, part.nbytes)
        offset += batch.rows.num_rows


def _report_faults(path: Path, content: LogContent, say: Say) -> bool:
    """Tell about places that could not be read, and return whether any is damage."""
    for fault in content.faults:
        if fault.torn:
            say(
                f"the log {path} ends within a batch, at byte {fault.offset}: the batch was being"
                " written when the process ended and was never acknowledged"
            )
        else:
            say(
                f"the log {path} is damaged: {fault.size} bytes from byte {fault.offset} on cannot"
                " be read, and the batches in them are missing; all others are there"
            )
    return any(not fault.torn for fault in content.faults)


def _remove_merged(segments: Sequence[Segment]) -> list[Segment]:
    """Remove the files of segments that a merge, cut off since, had put into another one."""
    kept: list[Segment] = []
    for segment in sorted(segments, key=lambda each: (each.first, -each.last)):
        if kept and kept[-1].covers(segment):
            segment.path.unlink()
        elif kept and segment.first <= kept[-1].last:
            raise StoreUnusable(
                f"{kept[-1].path} and {segment.path} hold the same batches in part, as no store"
                " leaves them: restore the folder from a backup, or move one of the files away"
            )
        else:
            kept.append(segment)
    if len(kept) < len(segments):
        sync_folder(segments[0].path.parent)
    return kept
