"""The page of one failed task, and what is done on it: retry, edit, resolve, reopen."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from starlette.responses import RedirectResponse

from functions.admin.audit import log_action
from functions.admin.desk import PATH, leads_to_items
from functions.admin.list_page import SIGNS, TOLD, TONES
from functions.admin.payload_editing import find_sent, parse_kept, read_payload, show_payload
from functions.admin.payload_trees import draw_tree
from functions.admin.queries import read_back
from functions.errors import PayloadError
from functions.runtime.failed_tasks.documents import MOST_NOTE, Status
from functions.runtime.failed_tasks.masking import mask_text
from functions.runtime.failed_tasks.retrying import find_failed_task, reopen, resolve, retry
from functions.runtime.payload import MAX_BODY_BYTES
from telemetry.console.refreshing import read_refresh

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from functions.admin.desk import Desk
    from functions.admin.identity import Visitor

MOST_PAYLOAD_FORM: Final = 3 * MAX_BODY_BYTES + 64 * 1024
"""Bytes of a form with a payload: each of its own becomes three at most."""

_NO_TRACE: Final = frozenset({"", "0" * 32})


@dataclass(frozen=True, slots=True)
class TaskPage:
    """Show one failed task, and do what is asked about it."""

    desk: Desk

    def show(self, request: Request, visitor: Visitor) -> Response:
        """Show all there is to know."""
        return self._show(request, visitor, faults={})

    def retry(self, request: Request, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Send it again as it is; from its own page, or from the list."""
        failed_id = request.path_params["failed_id"]
        task_id = retry(self.desk.runtime, failed_id, by=visitor.name, note=_note(form))
        log_action(visitor, "retried", failed_id, note=_note(form), task_id=task_id)
        if "back" in form:
            return RedirectResponse(f"{PATH}?{read_back(form['back'])}&done=retried#done", 303)
        return _go_to(failed_id, "retried")

    def retry_edited(self, request: Request, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Send it again with another payload; tell what is wrong with that one beside it."""
        failed_id = request.path_params["failed_id"]
        runtime = self.desk.runtime
        document = find_failed_task(runtime, failed_id)
        text = form.get("payload", "")
        try:
            payload = read_payload(text, find_sent(document.data))
            task_id = retry(runtime, failed_id, by=visitor.name, note=_note(form), payload=payload)
        except PayloadError as error:
            faults = {"payload": mask_text(str(error))}
            return self._show(request, visitor, faults=faults, edited=text, note=_note(form))
        log_action(
            visitor, "retried with an edited payload", failed_id, note=_note(form), task_id=task_id
        )
        return _go_to(failed_id, "retried")

    def resolve(self, request: Request, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Call it resolved; that wants a note."""
        failed_id = request.path_params["failed_id"]
        if not _note(form):
            faults = {"resolve": "Say how it was resolved: those who come later see no more."}
            return self._show(request, visitor, faults=faults)
        resolve(self.desk.runtime, failed_id, by=visitor.name, note=_note(form))
        log_action(visitor, "resolved", failed_id, note=_note(form))
        return _go_to(failed_id, "resolved")

    def reopen(self, request: Request, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Call it failed again."""
        failed_id = request.path_params["failed_id"]
        reopen(self.desk.runtime, failed_id, by=visitor.name, note=_note(form))
        log_action(visitor, "reopened", failed_id, note=_note(form))
        return _go_to(failed_id, "reopened")

    def _show(
        self,
        request: Request,
        visitor: Visitor,
        *,
        faults: Mapping[str, str],
        edited: str | None = None,
        note: str = "",
    ) -> Response:
        failed_id = request.path_params["failed_id"]
        document = find_failed_task(self.desk.runtime, failed_id)
        failed = document.data
        edited_before = failed["edited_payload"]
        values = {
            "title": f"Failed task {failed_id}",
            "id": failed_id,
            "task": failed,
            "address": _address_of(failed_id),
            "home": PATH,
            "refresh": read_refresh(request),
            "told": TOLD.get(request.query_params.get("done", ""), ""),
            "marks": {str(each): (TONES[each], SIGNS[each]) for each in Status},
            "tree": draw_tree(parse_kept(failed["payload"])),
            "edited_tree": (
                None if edited_before is None else draw_tree(parse_kept(edited_before))
            ),
            "editable": show_payload(find_sent(failed)) if edited is None else edited,
            "is_editing": edited is not None,
            "is_stranded": failed["pipeline_stage"] not in self.desk.stages[:-1],
            "note": note,
            "most_note": MOST_NOTE,
            "faults": faults,
            "mask": mask_text,
            "trace_id": "" if failed["trace_id"] in _NO_TRACE else failed["trace_id"],
            "items": [each.partition("=") for each in failed["item_ids"]],
            "has_items": leads_to_items(request),
        }
        status = HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK
        return self.desk.guard.show(request, visitor, "failed_task.html", values, status=status)


def _note(form: Mapping[str, str]) -> str:
    return form.get("note", "").strip()[:MOST_NOTE]


def _address_of(failed_id: str) -> str:
    return f"{PATH}/tasks/{quote(failed_id, safe='')}"


def _go_to(failed_id: str, done: str) -> Response:
    # The fragment puts the focus where it is said what was done.
    return RedirectResponse(f"{_address_of(failed_id)}?done={done}#done", 303)
