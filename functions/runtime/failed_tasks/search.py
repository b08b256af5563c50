"""Finding failed tasks: by what they are, when they failed and what they say."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from functions.runtime.failed_tasks.documents import FAILED_TASKS, GROUPS, Status
from functions.runtime.store import Filter, Order

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from functions.runtime.store import Document, DocumentStore

NEWEST_FIRST: Final = (Order("last_failed_at", descending=True),)

EXACT: Final = (
    "status",
    "pipeline_stage",
    "function_name",
    "task_type",
    "error_type",
    "fingerprint",
)
"""The fields a search compares as they are; each has an index with the time behind it."""

_PAGE: Final = 500
LOOKED_AT: Final = 4_000
"""Failed tasks that one search for words looks at, since the store has no index of words: as many
as somebody who waits for a page has the patience for. The next search goes on behind them."""

MOST_COUNTED: Final = 20_000
"""Failed tasks that are looked at to count those that say some words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Say which failed tasks are meant; what is "" or None does not matter.

    Attributes:
        status: ``failed``, ``retrying`` or ``resolved``.
        pipeline_stage: The stage.
        function_name: The Cloud Function.
        task_type: The kind of task.
        error_type: The error's class.
        fingerprint: What failures of one cause have in common.
        since: Last failed then, or later.
        until: Last failed before.
        text: Words that are in the message or in the payload, whatever their case.
    """

    status: str = ""
    pipeline_stage: str = ""
    function_name: str = ""
    task_type: str = ""
    error_type: str = ""
    fingerprint: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""

    def to_filters(self) -> list[Filter]:
        """Return what the store itself can answer."""
        filters = [Filter(name, "==", value) for name in EXACT if (value := getattr(self, name))]
        if self.since is not None:
            filters.append(Filter("last_failed_at", ">=", self.since))
        if self.until is not None:
            filters.append(Filter("last_failed_at", "<", self.until))
        return filters

    def having(self, field: str, value: str) -> Criteria:
        """Return criteria that also ask for a value of one of ``EXACT``."""
        asked: dict[str, Any] = {field: value}
        return replace(self, **asked)

    def matches_text(self, failed_task: dict[str, Any]) -> bool:
        """Tell whether a failed task says all the words."""
        if not self.text:
            return True
        said = f"{failed_task['error_message']}\n{_write(failed_task['payload'])}".casefold()
        return all(word in said for word in self.text.casefold().split())


@dataclass(frozen=True, slots=True)
class Group:
    """Hold the failures of one cause.

    Attributes:
        fingerprint: What they have in common.
        stage: Where they failed.
        error_type: The error's class.
        message: What one of them said.
        count: How many there are.
    """

    fingerprint: str
    stage: str
    error_type: str
    message: str
    count: int


@dataclass(frozen=True, slots=True)
class Page:
    """Hold failed tasks that were found.

    Attributes:
        documents: They themselves, the one that failed last first.
        seen: The last one that was looked at, behind which to go on; None where there are no more.
    """

    documents: list[Document]
    seen: Document | None


def search(
    store: DocumentStore, criteria: Criteria, *, limit: int, after: Document | None = None
) -> Page:
    """Return failed tasks, the one that failed last first.

    A search for words looks at ``LOOKED_AT``: it may end before it has found ``limit``, and goes on
    behind ``seen``.

    Args:
        store: Where they are.
        criteria: Which are meant.
        limit: The most to return.
        after: Behind which one to begin: the ``seen`` of the page before.
    """
    found: list[Document] = []
    seen = None
    page = _PAGE if criteria.text else limit
    for seen in _iterate(store, criteria, page, after, LOOKED_AT if criteria.text else limit):
        if criteria.matches_text(seen.data):
            found.append(seen)
            if len(found) == limit:
                return Page(found, seen)
    is_cut = criteria.text and _is_more(store, criteria, seen)
    return Page(found, seen if is_cut else None)


def _is_more(store: DocumentStore, criteria: Criteria, seen: Document | None) -> bool:
    return seen is not None and bool(
        store.query(
            FAILED_TASKS,
            where=criteria.to_filters(),
            order_by=NEWEST_FIRST,
            limit=1,
            start_after=seen,
        )
    )


def count_matches(store: DocumentStore, criteria: Criteria) -> int:
    """Return how many failed tasks are meant; with words, of the latest ``MOST_COUNTED``."""
    if not criteria.text:
        return _count(store, criteria)
    return sum(
        criteria.matches_text(document.data)
        for document in _iterate(store, criteria, _PAGE, None, MOST_COUNTED)
    )


def count_by(
    store: DocumentStore, criteria: Criteria, field: str, values: Iterator[str] | tuple[str, ...]
) -> dict[str, int]:
    """Return how many failed tasks there are with each of some values, without those of none.

    The words of the criteria do not count here.

    Args:
        store: Where they are.
        criteria: Which are meant besides.
        field: One of ``EXACT``.
        values: The values.
    """
    counts = {
        value: _count(store, criteria.having(field, value))
        for value in values
        if getattr(criteria, field) in ("", value)
    }
    return {value: number for value, number in counts.items() if number}


def group_failures(store: DocumentStore, criteria: Criteria, *, limit: int) -> list[Group]:
    """Return the causes of failed tasks, the most frequent first.

    Args:
        store: Where they are.
        criteria: Which are meant; its words do not count here.
        limit: The most causes to look at, the latest.
    """
    known = store.query(GROUPS, order_by=NEWEST_FIRST, limit=limit)
    groups = [
        Group(
            each.id,
            each.data["pipeline_stage"],
            each.data["error_type"],
            each.data["error_message"],
            _count(store, replace(criteria, fingerprint=each.id)),
        )
        for each in known
        if criteria.pipeline_stage in ("", each.data["pipeline_stage"])
        and criteria.error_type in ("", each.data["error_type"])
        and criteria.fingerprint in ("", each.id)
    ]
    return sorted((each for each in groups if each.count), key=lambda each: -each.count)


def find_oldest(store: DocumentStore) -> datetime | None:
    """Return when the failed task that waits longest failed last; None where none waits."""
    found = store.query(
        FAILED_TASKS,
        where=[Filter("status", "==", str(Status.FAILED))],
        order_by=[Order("last_failed_at")],
        limit=1,
    )
    return found[0].data["last_failed_at"] if found else None


def _count(store: DocumentStore, criteria: Criteria) -> int:
    return store.count(FAILED_TASKS, where=criteria.to_filters(), order_by=NEWEST_FIRST)


def _iterate(
    store: DocumentStore, criteria: Criteria, page: int, after: Document | None, most: int
) -> Iterator[Document]:
    for _ in range(0, most, page):
        found = store.query(
            FAILED_TASKS,
            where=criteria.to_filters(),
            order_by=NEWEST_FIRST,
            limit=page,
            start_after=after,
        )
        yield from found
        if len(found) < page:
            return
        after = found[-1]


def _write(payload: object) -> str:
    if isinstance(payload, bytes):
        return payload.decode(errors="replace")
    return json.dumps(payload, ensure_ascii=False, default=str)
