"""Acting on many failed tasks: the question before, and how far it has come after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from functions.admin.audit import log_action
from functions.admin.desk import PATH
from functions.admin.list_page import PICK
from functions.admin.queries import Query, read_back, read_query
from functions.errors import BulkRetryRefused
from functions.pipeline import MAX_DISPATCHES_PER_SECOND
from functions.runtime.failed_tasks.bulk import (
    SLOWEST,
    BulkAction,
    BulkRetry,
    BulkStatus,
    cancel_bulk,
    find_bulk,
    start_bulk,
)
from functions.runtime.failed_tasks.documents import FAILED_TASKS, MOST_NOTE, Status
from functions.runtime.failed_tasks.masking import mask_text
from functions.runtime.failed_tasks.search import count_matches, search
from telemetry.console.refreshing import read_refresh

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from functions.admin.desk import Desk
    from functions.admin.identity import Visitor

RATE: Final = 10.0
"""Retries a second, where nothing else is asked for."""

_VERBS: Final = {BulkAction.RETRY: "Retry", BulkAction.RESOLVE: "Resolve"}

_SHOWN: Final = 10
"""Failed tasks that are named in the question."""


@dataclass(frozen=True, slots=True)
class BulkPages:
    """Ask before many failed tasks are retried or resolved, and tell how far that has come."""

    desk: Desk

    def ask_all(self, request: Request, visitor: Visitor) -> Response:
        """Ask about all that match the filters of the address."""
        parameters = dict(request.query_params)
        asked = read_query(parameters)
        if asked.faults:
            # Without what makes no sense, it would be about more than was meant.
            told = "; ".join(f"{name}: {fault}" for name, fault in asked.faults.items())
            raise HTTPException(400, f"The filters of this address make no sense. {told}")
        query = asked.query.model_copy(update={"status": str(Status.FAILED), "after": ""})
        return self._ask(request, visitor, _read_action(parameters), query=query)

    def ask_chosen(self, request: Request, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Ask about those that were selected."""
        ids = [name.removeprefix(PICK) for name in form if name.startswith(PICK)]
        if not ids:
            raise HTTPException(422, "Nothing is selected: go back and tick what is meant.")
        back = read_back(form.get("back", ""))
        return self._ask(request, visitor, _read_action(form), ids=ids, back=back)

    def start(self, request: Request, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Begin what was asked about."""
        action, ids, note = _read_action(form), form.get("ids", "").split(), form.get("note", "")
        asked = read_query(dict(parse_qsl(form.get("criteria", ""))))
        if asked.faults:
            raise HTTPException(400, "The filters of this form make no sense: begin at the list.")
        meant = {"ids": ids} if ids else {"query": asked.query}
        if action is BulkAction.RESOLVE and not note.strip():
            fault = "Say how they were resolved: those who come later see no more."
            return self._ask(request, visitor, action, **meant, form=form, fault=fault)
        try:
            bulk_id = start_bulk(
                self.desk.runtime,
                action=action,
                criteria=None if ids else asked.query.to_criteria(),
                ids=ids,
                rate=_read_rate(form),
                by=visitor.name,
                note=note.strip(),
            )
        except BulkRetryRefused as error:
            return self._ask(request, visitor, action, **meant, form=form, fault=str(error))
        log_action(visitor, f"began to {action} many", bulk_id, note=note, chosen=len(ids))
        return RedirectResponse(f"{PATH}/bulk/{bulk_id}", 303)

    def show(self, request: Request, visitor: Visitor) -> Response:
        """Show how far it has come."""
        bulk = BulkRetry.from_document(
            find_bulk(self.desk.runtime.store, request.path_params["bulk_id"])
        )
        values = {
            "title": f"{_VERBS[bulk.action]} many failed tasks",
            "bulk": bulk,
            "bulk_id": request.path_params["bulk_id"],
            "done": bulk.taken + bulk.skipped + bulk.refused,
            "is_running": bulk.status is BulkStatus.RUNNING,
            "criteria": _describe(bulk),
            "mask": mask_text,
            "home": PATH,
            "refresh": read_refresh(request),
        }
        return self.desk.guard.show(request, visitor, "bulk_retry.html", values)

    def cancel(self, request: Request, visitor: Visitor, _: Mapping[str, str]) -> Response:
        """Have it take no more."""
        bulk_id = request.path_params["bulk_id"]
        cancel_bulk(self.desk.runtime.store, bulk_id, by=visitor.name)
        log_action(visitor, "cancelled", bulk_id)
        return RedirectResponse(f"{PATH}/bulk/{bulk_id}", 303)

    def _ask(  # noqa: PLR0913 - what the page shows, by name
        self,
        request: Request,
        visitor: Visitor,
        action: BulkAction,
        *,
        query: Query | None = None,
        ids: Sequence[str] = (),
        back: str = "",
        form: Mapping[str, str] | None = None,
        fault: str = "",
    ) -> Response:
        store = self.desk.runtime.store
        if query is None:
            found = store.get_all([(FAILED_TASKS, each) for each in ids[:_SHOWN]])
            count, shown = len(ids), [each for each in found if each is not None]
        else:
            criteria = replace(query.to_criteria(), status=str(Status.FAILED))
            count = count_matches(store, criteria)
            shown = search(store, criteria, limit=_SHOWN).documents
            back = query.to_address()
        values = {
            "title": f"{_VERBS[action]} {count:,} failed task{'' if count == 1 else 's'}?",
            "action": str(action),
            "count": count,
            "shown": shown,
            "ids": " ".join(ids),
            "criteria": query.to_address() if query else "",
            "filters": _tell_filters(query) if query else {},
            "back": f"{PATH}?{back}" if back else PATH,
            "rate": (form or {}).get("rate", f"{RATE:g}"),
            "note": (form or {}).get("note", ""),
            "least_rate": SLOWEST,
            "most_rate": MAX_DISPATCHES_PER_SECOND,
            "most_note": MOST_NOTE,
            "fault": fault,
            "mask": mask_text,
            "home": PATH,
        }
        status = HTTPStatus.UNPROCESSABLE_ENTITY if fault else HTTPStatus.OK
        return self.desk.guard.show(request, visitor, "bulk_question.html", values, status=status)


def _read_action(form: Mapping[str, str]) -> BulkAction:
    try:
        return BulkAction(form.get("action", ""))
    except ValueError:
        raise HTTPException(422, f"Say what is to be done: {', '.join(BulkAction)}.") from None


def _read_rate(form: Mapping[str, str]) -> float:
    try:
        return float(form.get("rate") or RATE)
    except ValueError:
        raise BulkRetryRefused("the rate is a number: so many failed tasks a second") from None


def _tell_filters(query: Query) -> dict[str, Any]:
    return query.model_dump(
        by_alias=True, exclude_defaults=True, exclude={"status", "after", "limit"}
    )


def _describe(bulk: BulkRetry) -> dict[str, Any]:
    said = {
        "stage": bulk.criteria.pipeline_stage,
        "function": bulk.criteria.function_name,
        "task type": bulk.criteria.task_type,
        "error type": bulk.criteria.error_type,
        "cause": bulk.criteria.fingerprint,
        "failed from": bulk.criteria.since,
        "failed before": bulk.criteria.until,
        "words": bulk.criteria.text,
    }
    return {name: value for name, value in said.items() if value}
