"""Any history of a store leaves what a plain list would hold."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from stored_rows import BY_HAND, append, read, read_view

from telemetry.emulator.arrow import HOT_PREFIX
from telemetry.emulator.store import Snapshot, Store

COLUMNS = ("span_name", "start_timestamp", HOT_PREFIX + "stage")
stages = st.sampled_from(["s", "", None, 7, [1]])
rows = st.lists(st.tuples(st.integers(-3, 3), stages), min_size=1, max_size=4)


class Model(RuleBasedStateMachine):
    """Do the same to a store and to a list of names, and compare."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.store = Store(self.folder, BY_HAND, say=self.complain)
        self.batches: list[list[str]] = []
        self.held: list[tuple[Snapshot, list[Any], int]] = []

    def complain(self, message: str) -> None:
        raise AssertionError(message)

    @rule(batch=rows)
    def append(self, batch: list[tuple[int, Any]]) -> None:
        names = [f"{len(self.batches)}.{number}" for number in range(len(batch))]
        attributes = [{} if stage is None else {"stage": stage} for _, stage in batch]
        times = [time for time, _ in batch]
        assert append(self.store, *names, times=times, attributes=attributes)
        self.batches.append(names)

    @precondition(lambda self: self.batches)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        names = data.draw(st.sampled_from(self.batches))
        assert not append(self.store, *names)

    @rule()
    def roll(self) -> None:
        self.store.roll_now()

    @rule()
    def compact(self) -> None:
        self.store.compact_now()

    @precondition(lambda self: not self.held)
    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = Store(self.folder, BY_HAND, say=self.complain)

    @precondition(lambda self: len(self.held) < 2)
    @rule()
    def hold(self) -> None:
        snapshot = self.store.snapshot()
        seen = read_view(snapshot.tables["records_all"], *COLUMNS)
        self.held.append((snapshot, seen, len(self.batches)))

    @precondition(lambda self: self.held)
    @rule()
    def let_go(self) -> None:
        snapshot, seen, batches = self.held.pop()
        view = snapshot.tables["records_all"]
        assert seen == read_view(view, *COLUMNS)
        assert self.names(batches) == read_view(view)
        snapshot.close()

    @invariant()
    def all_is_as_in_the_list(self) -> None:
        assert self.names(len(self.batches)) == read(self.store)

    def names(self, batches: int) -> list[str]:
        return sorted(name for names in self.batches[:batches] for name in names)

    def teardown(self) -> None:
        while self.held:
            self.let_go()
        self.store.close()
        shutil.rmtree(self.folder)


@pytest.mark.timeout(120)
def test_any_history_leaves_what_a_list_would_hold() -> None:
    run_state_machine_as_test(
        Model,
        settings=settings(
            max_examples=12,
            stateful_step_count=14,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
