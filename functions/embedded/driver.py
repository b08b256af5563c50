"""Runs one after the other, for as long as the embedded pipeline is up."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from functions.embedded.run import Run, find_open_run
from functions.embedded.waiting import ask_for, forget, locate, read_waiting
from functions.errors import DispatchError
from functions.runtime.reconciler import reconcile
from functions.runtime.sweeper import sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from functions.embedded.session import Session
    from functions.runtime.store import Document
    from functions.stages.fetching import SourceLocation

_log = logging.getLogger(__name__)

_SWEEP_EVERY: Final = 1.0
_SWEEP_OLDER_THAN: Final = timedelta(seconds=5)
_RECONCILE_EVERY: Final = 60.0
_PATIENCE: Final = 10.0


class RunDriver:
    """Take sources through the pipeline as they are asked for.

    A run that was cut off is taken up first. Between runs, what a crash left behind is sent.

    Args:
        session: The embedded pipeline.
        check: Raises where something else has ended that all of it needs.
    """

    def __init__(self, session: Session, check: Callable[[], object]) -> None:
        self._session = session
        self._check = check
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._failure: Exception | None = None
        self._reconciled = time.monotonic()

    @contextmanager
    def running(self, give_up: Callable[[], object]) -> Iterator[None]:
        """Drive runs within the block; then leave the one under way to whoever is up next.

        Args:
            give_up: Called when it cannot go on, so that the block ends.

        Raises:
            PipelineError: Why it could not go on.
        """
        thread = threading.Thread(target=self._drive, args=(give_up,), name="runs")
        thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            self._wake.set()
            thread.join(_PATIENCE)
        if self._failure is not None:
            raise self._failure

    def submit(self, sources: Sequence[SourceLocation]) -> None:
        """Ask for sources to be fetched: by the next run, where one is under way.

        They are kept until then, whatever ends meanwhile.

        Raises:
            StoreError: They cannot be kept.
        """
        ask_for(self._session.runtime.store, sources)
        self._wake.set()

    def _drive(self, give_up: Callable[[], object]) -> None:
        try:
            while not self._stopped.is_set():
                self._check()
                self._wake.clear()
                waiting = read_waiting(self._session.runtime.store)
                if waiting or find_open_run(self._session.runtime):
                    self._run(waiting)
                    continue
                self._session.check()
                sweep(self._session.runtime, older_than=_SWEEP_OLDER_THAN)
                self._reconcile()
                self._wake.wait(_SWEEP_EVERY)
        except Exception as error:  # noqa: BLE001 - whoever started this thread has to tell it
            self._failure = error
            give_up()

    def _reconcile(self) -> None:
        """File now and then what a queue has lost, as a retry whose worker crashes each time."""
        if time.monotonic() < self._reconciled + _RECONCILE_EVERY:
            return
        self._reconciled = time.monotonic()
        try:
            reconcile(self._session.runtime)
        except DispatchError:
            _log.warning("the queues are too busy to say what they lost; they are asked again")

    def _run(self, waiting: Sequence[Document]) -> None:
        run = Run.begin(self._session)
        run.add(locate(waiting))
        # Not before: a run that is cut off in between is resumed, and knows what it has had.
        forget(self._session.runtime.store, waiting)
        progress = run.drain(lambda _: None, stopped=self._stopped.is_set)
        if not progress.missing:
            run.finish(progress)
