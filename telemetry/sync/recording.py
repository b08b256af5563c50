"""Keeping the state dashboard true while channels and schedules are written."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from telemetry.errors import RequestRefused, SyncError
from telemetry.sync.api import NOT_FOUND, Answer
from telemetry.sync.remote import list_objects
from telemetry.sync.resources import RESOURCES, Kind
from telemetry.sync.shapes import as_mapping
from telemetry.sync.state import (
    STATE_NAME,
    STATE_SLUG,
    Managed,
    State,
    compile_state,
    read_state,
)

if TYPE_CHECKING:
    from telemetry.sync.api import Api
    from telemetry.sync.remote import Remote

_TIMES = 4
"""How often it is written, should others write it at the same moment."""


class Recorder:
    """Write down what mystage manages, into what others may be writing too.

    Args:
        api: Where to.
        remote: What was there.
    """

    def __init__(self, api: Api, remote: Remote) -> None:
        self._api = api
        self._collection = RESOURCES[Kind.DASHBOARD].collection(remote.project.id)
        self._id = remote.state_id
        self._lock = threading.Lock()
        self._changes: dict[tuple[Kind, str], Managed | None] = {}

    def record(self, kind: Kind, label: str, managed: Managed | None) -> None:
        """Note that an object is ours; None that it is gone."""
        with self._lock:
            self._changes[(kind, label)] = managed

    def save(self) -> None:
        """Write down what was noted since.

        Raises:
            SyncError: It cannot be written.
        """
        with self._lock:
            if not self._changes:
                return
            for _ in range(_TIMES):
                before = self._read()
                after = self._merge(before)
                if after == before:
                    self._changes.clear()
                    return
                self._write(compile_state(after))
                # Read again: another apply may have written what it read before us.
            raise SyncError(
                f"the dashboard {STATE_SLUG} is changed by somebody else all the time: apply again"
            )

    def _read(self) -> State:
        if not self._id:
            self._id = self._look() or ""
        if not self._id:
            return State()
        try:
            answer = self._api.get(f"{self._collection}{self._id}/")
        except RequestRefused as error:
            if error.status != NOT_FOUND:
                raise
            self._id = ""
            return State()
        body = as_mapping(answer.body)
        return read_state(body.get("dashboard", body))

    def _merge(self, state: State) -> State:
        merged: dict[Kind, dict[str, Managed]] = {
            Kind.CHANNEL: dict(state.channels),
            Kind.SCHEDULE: dict(state.schedules),
        }
        for (kind, label), managed in self._changes.items():
            if managed is None:
                merged[kind].pop(label, None)
            else:
                merged[kind][label] = managed
        return State(merged[Kind.CHANNEL], merged[Kind.SCHEDULE])

    def _write(self, definition: dict[str, Any]) -> None:
        if self._id:
            self._api.change("PUT", f"{self._collection}{self._id}/", {"definition": definition})
            return
        body = {"name": STATE_NAME, "slug": STATE_SLUG, "definition": definition}
        made = self._api.create(self._collection, body, self._look)
        if not isinstance(made, Answer):
            self._id = made  # somebody else was first: what it says is read before it is written

    def _look(self) -> str | None:
        for each in list_objects(self._api, self._collection):
            if RESOURCES[Kind.DASHBOARD].identity(each) == STATE_SLUG:
                return str(each.get("id"))
        return None
