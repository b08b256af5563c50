"""The page of failed tasks: filters, counts, causes, and what can be done to those chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from functions.admin.desk import PATH, TRIGGER, leads_to_items
from functions.admin.queries import ALL, STATUSES, Query, read_query, write_place
from functions.runtime.failed_tasks.bulk import BULK_RETRIES, BulkRetry, BulkStatus
from functions.runtime.failed_tasks.documents import Status
from functions.runtime.failed_tasks.masking import mask_text
from functions.runtime.failed_tasks.search import (
    count_by,
    count_matches,
    find_oldest,
    group_failures,
    search,
)
from functions.runtime.store import Order
from telemetry.console.refreshing import read_refresh

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from functions.admin.desk import Desk
    from functions.admin.identity import Visitor
    from functions.runtime.store import Document, DocumentStore

ROWS: Final = 50
"""Failed tasks of a page: as many can be chosen one by one."""

PICK: Final = "pick."
"""Before the id of a chosen one, in a form."""

_CAUSES: Final = 12
_BULKS: Final = 5

TONES: Final = {Status.FAILED: "bad", Status.RETRYING: "warn", Status.RESOLVED: "good"}
SIGNS: Final = {Status.FAILED: "✕", Status.RETRYING: "↻", Status.RESOLVED: "✓"}

TOLD: Final = {
    "retried": "It is sent again. It becomes resolved once it succeeds.",
    "resolved": "It is resolved.",
    "reopened": "It is failed again.",
}
"""What was done, as an address says it, and in words."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Offer a value to filter by.

    Attributes:
        value: The value.
        count: How many failed tasks have it.
        address: The page that is filtered so, or not any more.
        is_on: Whether it is filtered so.
    """

    value: str
    count: int
    address: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class ListPage:
    """Show failed tasks."""

    desk: Desk

    def show(self, request: Request, visitor: Visitor) -> Response:
        """Show those that the address asks for."""
        asked = read_query(dict(request.query_params))
        query, store = asked.query, self.desk.runtime.store
        criteria = query.to_criteria()
        page = search(store, criteria, limit=ROWS, after=query.place)
        causes = group_failures(store, replace(criteria, fingerprint=""), limit=_CAUSES)
        values = {
            "title": "Failed tasks",
            "query": query,
            "faults": asked.faults,
            "given": dict(request.query_params),
            "refresh": read_refresh(request),
            "told": TOLD.get(request.query_params.get("done", ""), ""),
            "statuses": self._offer_statuses(query),
            "stages": self._offer_stages(query),
            "stage_names": self.desk.stages,
            "functions": [each.function for each in self.desk.runtime.pipeline.queued],
            "task_types": [each.task_type for each in self.desk.runtime.pipeline.queued],
            "status_names": STATUSES,
            "causes": [
                (
                    Choice(
                        each.fingerprint,
                        each.count,
                        self._toggle(query, "fingerprint", each.fingerprint),
                        is_on=query.fingerprint == each.fingerprint,
                    ),
                    each,
                )
                for each in causes
            ],
            "matching": None if query.text else count_matches(store, criteria),
            "tasks": page.documents,
            "older": _address(query, after=write_place(page.seen)) if page.seen else "",
            "newest": _address(query) if query.after else "",
            "exports": {
                each: f"{PATH}.{each}?{query.to_address(status=query.status)}"
                for each in ("csv", "json")
            },
            "oldest": find_oldest(store),
            "bulks": _find_running(store),
            "marks": {str(each): (TONES[each], SIGNS[each]) for each in Status},
            "mask": mask_text,
            "home": PATH,
            "trigger": TRIGGER,
            "pick": PICK,
            "has_items": leads_to_items(request),
        }
        status = 400 if asked.faults else 200
        return self.desk.guard.show(request, visitor, "failed_tasks.html", values, status=status)

    def _offer_statuses(self, query: Query) -> list[Choice]:
        criteria = replace(query.to_criteria(), status="")
        counts = count_by(self.desk.runtime.store, criteria, "status", tuple(map(str, Status)))
        counts[ALL] = sum(counts.values())
        return [
            Choice(each, counts.get(each, 0), _address(query, status=each), query.status == each)
            for each in STATUSES
        ]

    def _offer_stages(self, query: Query) -> list[Choice]:
        criteria = replace(query.to_criteria(), pipeline_stage="")
        store = self.desk.runtime.store
        counts = count_by(store, criteria, "pipeline_stage", self.desk.stages)
        return [
            Choice(name, number, self._toggle(query, "stage", name), query.stage == name)
            for name, number in counts.items()
        ]

    def _toggle(self, query: Query, field: str, value: str) -> str:
        return _address(query, **{field: "" if getattr(query, field) == value else value})


def _address(query: Query, **changes: str) -> str:
    said = query.to_address(**changes | {"after": changes.get("after", "")})
    return f"{PATH}?{said}" if said else PATH


def _find_running(store: DocumentStore) -> list[tuple[Document, BulkRetry]]:
    order = [Order("created_at", descending=True)]
    latest = store.query(BULK_RETRIES, order_by=order, limit=_BULKS)
    bulks = [(each, BulkRetry.from_document(each)) for each in latest]
    return [(each, bulk) for each, bulk in bulks if bulk.status is BulkStatus.RUNNING]
