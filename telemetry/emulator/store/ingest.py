"""The way of a batch into the log and the tail, and of a full tail out of the way."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from telemetry.emulator.store.digests import Mark
from telemetry.emulator.store.log import Log, Message
from telemetry.emulator.store.shredding import conform, hot_keys_of, table_schema
from telemetry.emulator.store.tail import Tail
from telemetry.emulator.store.writer import GroupCommit
from telemetry.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from telemetry.emulator.store.preparation import PreparedBatch
    from telemetry.emulator.store.shredding import Attributes
    from telemetry.emulator.store.state import TableState

_MICROSECONDS: Final = 1_000_000


@dataclass(slots=True)
class _Addition:
    """Hold a batch on its way into the log."""

    rows: pa.RecordBatch
    message: Message
    sample: Attributes
    done: Future[None]


class Ingest:
    """Take batches in, from any thread; a thread of its own writes them.

    Args:
        state: The table's.
        on_freeze: Called when a tail waits to become a segment.

    Raises:
        OSError: The disk refuses.
    """

    def __init__(self, state: TableState, on_freeze: Callable[[], object]) -> None:
        self._state = state
        self._on_freeze = on_freeze
        self._in_flight: dict[bytes, Future[None]] = {}
        self._log = Log(state.folder, state.next, state.active.schema)
        state.active.own_log(self._log.path)
        self._second, self._rows, self._rows_before = 0, 0, 0
        self._writer = GroupCommit(self._commit, f"{state.table.name}-writer")

    @property
    def hot_keys(self) -> tuple[str, ...]:
        """The attributes that have columns of their own by now."""
        return hot_keys_of(self._state.active.schema)

    @property
    def rows_lately(self) -> int:
        """How many rows were added within a second: this one or the one before, if more."""
        age = self._state.now() // _MICROSECONDS - self._second
        return max(self._rows, self._rows_before) if age <= 1 else 0

    def append(self, batch: PreparedBatch) -> bool:
        """Add a batch, and return once it is durable.

        Returns:
            Whether it was added; not where it was there already.

        Raises:
            StoreUnavailable: It could not be made durable; nothing of it is kept.
        """
        key = batch.message.key
        done: Future[None] = Future()
        with self._state.lock:
            if key in self._state.digests:
                return False
            first = self._in_flight.setdefault(key, done)
        if first is not done:
            first.result()
            return False
        try:
            rows = batch.read(self._state.table)
            self._writer.submit(_Addition(rows, batch.message, batch.sample, done))
        except BaseException as error:
            with self._state.lock:
                del self._in_flight[key]
            done.set_exception(error)
            raise
        done.result()
        return True

    def freeze(self) -> None:
        """Let the tail become a segment, and return once no more rows are added to it.

        Raises:
            StoreUnavailable: The disk refuses.
        """
        self._writer.run(self._freeze).result()

    def freeze_old(self) -> None:
        """Let the tail become a segment if it is old enough; does not wait for it."""
        state = self._state
        limit = state.options.tail_age.total_seconds()
        with state.lock:
            idle = not state.frozen and not state.stopping
            due = idle and state.active.rows and state.active.age() >= limit
        if due:
            self._writer.run(self._freeze_if_possible)

    def close(self) -> None:
        """End the writer once what it has is durable."""
        self._writer.close()
        self._log.close()

    # -- In the writer's thread ---------------------------------------------------------------

    def _commit(self, additions: list[_Addition]) -> None:
        """Make batches durable, then let queries see them, then answer."""
        state = self._state
        try:
            if self._is_full():
                self._freeze()
            for addition in additions:
                self._adapt(addition)
            now = state.now()
            self._log.append([each.message for each in additions], state.next, now)
        except Exception as error:  # noqa: BLE001 - told to all that wait for it
            refusal = error
            if isinstance(error, OSError):
                refusal = state.unavailable("the log cannot be written", error)
            self._answer(additions, refusal)
            return
        with state.lock:
            for number, addition in enumerate(additions, state.next):
                mark = Mark(now, addition.message.key)
                size = addition.rows.get_total_buffer_size()
                state.active.add(addition.rows, number, mark, size)
                state.active.census.observe(addition.sample)
                state.digests.add([mark], now)
            state.next += len(additions)
            state.change()
        self._count(sum(addition.rows.num_rows for addition in additions), now)
        self._answer(additions, None)
        if self._is_full():
            self._freeze_if_possible()

    def _count(self, rows: int, now: int) -> None:
        second = now // _MICROSECONDS
        if second != self._second:
            self._rows_before = self._rows if second == self._second + 1 else 0
            self._second, self._rows = second, 0
        self._rows += rows

    def _answer(self, additions: list[_Addition], refusal: Exception | None) -> None:
        with self._state.lock:
            for addition in additions:
                del self._in_flight[addition.message.key]
        for addition in additions:
            if refusal is None:
                addition.done.set_result(None)
            else:
                addition.done.set_exception(refusal)

    def _adapt(self, addition: _Addition) -> None:
        """Add the columns of attributes that became hot since the batch was shredded."""
        schema = self._state.active.schema
        if addition.rows.schema.names != schema.names:
            addition.rows = conform(addition.rows, schema)
            addition.message = Message.of(addition.message.key, addition.rows)

    def _is_full(self) -> bool:
        active, options = self._state.active, self._state.options
        return active.rows >= options.tail_rows or active.size >= options.tail_bytes

    def _freeze_if_possible(self) -> None:
        try:
            self._freeze()
        except (StoreUnavailable, OSError) as error:
            # The next batch tries again, and is refused where that fails.
            self._state.say(str(error))

    def _freeze(self) -> None:
        """Begin a new tail and log, and pass the full one on to become a segment.

        Waits while too many are on their way, which bounds the memory.
        """
        state = self._state
        if not state.active.rows:
            return
        with state.lock:
            while len(state.frozen) >= state.options.frozen_tails and not state.stopping:
                if state.roll_fault:
                    raise StoreUnavailable(state.roll_fault)
                state.lock.wait()
        # Files are named after the next batch: no two may be when nothing came between them.
        state.next = max(state.next, self._log.sequence + 1)
        tail = self._next_tail()
        try:
            log = Log(state.folder, state.next, tail.schema)
        except OSError as error:
            raise state.unavailable("a new log cannot be begun", error) from error
        tail.own_log(log.path)
        self._log.close()
        self._log = log
        with state.lock:
            state.frozen.append(state.active)
            state.active = tail
            state.change()
        self._on_freeze()

    def _next_tail(self) -> Tail:
        """Return a new tail, with columns for the attributes that have become hot."""
        schema, census = self._state.active.schema, self._state.active.census
        if not census.is_sufficient:
            return Tail(schema, census)
        options = self._state.options
        hot = hot_keys_of(schema)
        frequent = len(set(hot).difference(options.hot_keys))
        elected = census.elect(hot, options.max_hot_keys - frequent)
        if not elected:
            return Tail(schema)
        return Tail(table_schema(self._state.table, [*hot, *elected]))
