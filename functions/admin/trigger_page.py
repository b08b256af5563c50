"""The page that sends a task to any stage by hand."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from functions.admin.audit import log_action
from functions.admin.desk import PATH, TRIGGER, leads_to_items
from functions.admin.payload_forms import (
    PREFIX,
    RAW,
    Reading,
    describe_fields,
    read_fields,
    read_raw,
)
from functions.admin.triggering import trigger
from functions.errors import PayloadTooLarge
from functions.runtime.handlers import load_payload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from functions.admin.desk import Desk
    from functions.admin.identity import Visitor
    from functions.pipeline import Stage

_FORM_ID: Final = re.compile(r"[0-9a-f]{32}")
_TASK: Final = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class TriggerPage:
    """Ask for a stage and its payload, and send it."""

    desk: Desk

    def show(self, request: Request, visitor: Visitor) -> Response:
        """Show the stages, and the form of one of them."""
        name = request.query_params.get("stage", "")
        stage = self._find(name) if name else None
        sent = request.query_params.get("sent", "")
        return self._show(request, visitor, stage, sent=sent if _TASK.fullmatch(sent) else "")

    def take(self, request: Request, visitor: Visitor, form: Mapping[str, str]) -> Response:
        """Send what a form says, or tell what is wrong with it beside it."""
        stage = self._find(form.get("stage", ""))
        raw = form.get(RAW)
        reading = read_fields(stage, form) if raw is None else read_raw(stage, raw)
        if reading.payload is None:
            return self._show(request, visitor, stage, reading=reading, raw=raw)
        form_id = form.get("form_id", "")
        if not _FORM_ID.fullmatch(form_id):
            raise HTTPException(422, "This is no form of this page: reload it.")
        try:
            task_id = trigger(self.desk.runtime, stage, reading.payload, form_id=form_id)
        except PayloadTooLarge as error:
            reading = replace(reading, faults=(str(error),))
            return self._show(request, visitor, stage, reading=reading, raw=raw)
        log_action(visitor, "triggered", task_id, stage=stage.name)
        return RedirectResponse(
            f"{TRIGGER}?{urlencode({'stage': stage.name, 'sent': task_id})}#sent", 303
        )

    def _find(self, name: str) -> Stage:
        for stage in self.desk.runtime.pipeline.stages:
            if stage.name == name:
                return stage
        raise HTTPException(404, "There is no such stage.")

    def _show(  # noqa: PLR0913 - what the page shows, by name
        self,
        request: Request,
        visitor: Visitor,
        stage: Stage | None,
        *,
        reading: Reading | None = None,
        raw: str | None = None,
        sent: str = "",
    ) -> Response:
        if stage is not None and reading is None:
            reading = Reading(None, describe_fields(load_payload(stage)))
        values = {
            "title": f"Trigger {stage.name}" if stage else "Trigger a stage",
            "stages": [(each, _tell(each)) for each in self.desk.runtime.pipeline.stages],
            "stage": stage,
            "fields": reading.fields if reading else (),
            "faults": reading.faults if reading else (),
            "is_refused": reading is not None and reading.payload is None and _is_faulty(reading),
            "raw": raw,
            "sent": sent,
            "form_id": secrets.token_hex(16),
            "prefix": PREFIX,
            "raw_field": RAW,
            "home": TRIGGER,
            "failed_tasks": PATH,
            "has_items": leads_to_items(request),
        }
        status = (
            HTTPStatus.UNPROCESSABLE_ENTITY
            if reading is not None and _is_faulty(reading)
            else HTTPStatus.OK
        )
        return self.desk.guard.show(request, visitor, "trigger.html", values, status=status)


def _is_faulty(reading: Reading) -> bool:
    return bool(reading.faults) or any(each.faults for each in reading.fields)


def _tell(stage: Stage) -> str:
    """Return what a stage's tasks do: the first line of its payload's docstring."""
    return (load_payload(stage).__doc__ or stage.task_type).strip().splitlines()[0]
