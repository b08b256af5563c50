"""``dpl_on_alert``: record what an alert's run found, and leave the telling to a task.

Slack is not called here, so Logfire has its answer at once, and a Slack that is slow or down loses
nothing: what it shall be told is committed together with the incident.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from functions.alerts.authentication import refuse_stranger
from functions.alerts.incidents import record_run
from functions.alerts.notifications import AlertNotification
from functions.pipeline import ON_ALERT
from functions.runtime.deliveries import Answer
from functions.runtime.endpoints import take_once
from functions.stages.collections import hash_id

if TYPE_CHECKING:
    from functions.runtime.endpoints import Call
    from functions.runtime.runtime import Runtime

_JSON: Final = "application/json"
_MAX_FAULTS: Final = 5


def receive_alert(call: Call, runtime: Runtime) -> Answer:
    """Take one notification of Logfire's webhook channel.

    Returns:
        202 for one that is recorded, now or before; 401 without the secret, 503 where none is set;
        415 or 422 for a body that is no notification.
    """
    refusal = refuse_stranger(call, runtime.settings, now=datetime.now(UTC))
    if refusal is not None:
        return refusal
    media_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _JSON:
        return Answer(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send the notification as {_JSON}")
    try:
        notification = AlertNotification.model_validate_json(call.body)
    except ValidationError as error:
        return Answer(HTTPStatus.UNPROCESSABLE_ENTITY, _tell(error))
    key = _name_run(notification, call.body)
    is_new = take_once(runtime, ON_ALERT, key, lambda work: record_run(notification, key, work))
    return Answer(HTTPStatus.ACCEPTED, "recorded" if is_new else "recorded before")


def _name_run(notification: AlertNotification, body: bytes) -> str:
    """Name a run, so that what is delivered twice is recorded once."""
    # A notification without a run's id that comes again is the same to the last byte.
    run = notification.run_id or hashlib.sha256(body).hexdigest()
    return hash_id("alert run", notification.alert_key, run)


def _tell(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    told = "; ".join(
        ": ".join(filter(None, (".".join(map(str, fault["loc"])), fault["msg"])))
        for fault in faults[:_MAX_FAULTS]
    )
    return f"the body is no notification of an alert: {told}"
